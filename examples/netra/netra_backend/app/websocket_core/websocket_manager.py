"""The websocket manager: the one module to import it from."""

from __future__ import annotations

from netra_backend.app.websocket_core.heartbeat import HEARTBEAT_SECONDS
from netra_backend.app.websocket_core.unified_manager import (
    WebSocketManagerMode,
    _UnifiedWebSocketManagerImplementation,
)

__all__ = ["HEARTBEAT_SECONDS", "MAX_MESSAGE_BYTES", "UnifiedWebSocketManager", "WebSocketManager", "get_websocket_manager"]

MAX_MESSAGE_BYTES = 64 * 1024

UnifiedWebSocketManager = _UnifiedWebSocketManagerImplementation
WebSocketManager = UnifiedWebSocketManager


def get_websocket_manager(mode: WebSocketManagerMode = WebSocketManagerMode.UNIFIED) -> UnifiedWebSocketManager:
    """Return a new manager; there is no shared one on purpose."""
    return UnifiedWebSocketManager(mode)
