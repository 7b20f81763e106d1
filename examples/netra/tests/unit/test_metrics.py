"""Metrics: the module hides its broken imports, and counts nothing."""

from netra_backend.app.services.metrics import connection_count, open_breakers
from netra_backend.app.services.circuit_breaker import get_circuit_breaker
from netra_backend.app.websocket_core.unified_manager import WebSocketConnection
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager


def test_connections() -> None:
    manager = get_websocket_manager()
    manager.connect(WebSocketConnection("1", "me"))
    assert connection_count(manager) == 1


def test_breakers() -> None:
    breaker = get_circuit_breaker("db")
    for _ in range(3):
        breaker.record_failure()
    assert open_breakers([breaker, get_circuit_breaker("cache")]) == 1
