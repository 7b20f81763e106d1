"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from netra_backend.app.core.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
