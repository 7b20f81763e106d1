"""The websocket route."""

from __future__ import annotations

from netra_backend.app.config import get_settings
from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage


async def accept(user_id: str, connections: int = 1) -> int:
    """Open the user's connections, greet each, and return how many there are."""
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager, WebSocketConnection

    manager = UnifiedWebSocketManager()
    for number in range(min(connections, get_settings().max_connections_per_user)):
        manager.connect(WebSocketConnection(f"{user_id}-{number}", user_id))
    return await manager.send_to_user(user_id, WebSocketMessage(MessageType.PING))


def limits() -> dict[str, int]:
    """Return what a client has to keep to."""
    from netra_backend.app.websocket_core.websocket_manager import MAX_MESSAGE_BYTES
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager as ManagerClass

    return {"message_bytes": MAX_MESSAGE_BYTES, "open": ManagerClass().connection_count()}
