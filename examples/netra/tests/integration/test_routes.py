"""The routes, called as functions."""

import asyncio

from netra_backend.app.config import get_settings
from netra_backend.app.routes.health import health
from netra_backend.app.routes.websocket import accept, limits
from netra_backend.app.services.health_monitor import HealthMonitor


def test_health() -> None:
    assert health(HealthMonitor(["db"])) == {"healthy": True, "score": 1.0}


def test_a_user_has_so_many_connections_and_no_more() -> None:
    most = get_settings().max_connections_per_user
    assert asyncio.run(accept("me", connections=most + 3)) == most


def test_limits() -> None:
    assert limits() == {"message_bytes": 65536, "open": 0}
