"""How often a manager asks whether its clients are still there."""

from __future__ import annotations

try:
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager
except ImportError:
    UnifiedWebSocketManager = None  # type: ignore[assignment,misc]

HEARTBEAT_SECONDS = 30


def interval_for(manager: object) -> int:
    """Return the seconds between two pings: a manager of our own is trusted for twice as long."""
    trusted = UnifiedWebSocketManager is not None and isinstance(manager, UnifiedWebSocketManager)
    return HEARTBEAT_SECONDS * (2 if trusted else 1)
