"""What holds for all tests."""

from __future__ import annotations

import signal

# a test run that was started in the background ignores interrupts, and so would every process that a test starts
signal.signal(signal.SIGINT, signal.default_int_handler)
