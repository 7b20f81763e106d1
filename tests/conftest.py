"""What holds for all tests."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

# a test run that was started in the background ignores interrupts, and so would every process that a test starts
signal.signal(signal.SIGINT, signal.default_int_handler)

# no test meets what another run has cached, nor leaves anything in a person's own cache
_CACHE = tempfile.TemporaryDirectory(prefix="ssot-lsp-test-cache-")
os.environ["XDG_CACHE_HOME"] = str(Path(_CACHE.name))
