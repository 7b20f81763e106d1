"""Settings of the application, read from the environment once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Settings:
    """What an operator may choose."""

    environment: str = "development"
    failure_threshold: int = 3
    recovery_seconds: float = 30.0
    max_connections_per_user: int = 4


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process."""
    return Settings(environment=os.environ.get("NETRA_ENV", "development"))
