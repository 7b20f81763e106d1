"""Telling users what happened, wherever they are connected."""

from __future__ import annotations

from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager import (
    # One open socket; needed to register a user.
    WebSocketConnection,
    # Holds all of them.
    UnifiedWebSocketManager,  # one per service, never shared
    WebSocketManagerMode,  # isolated: users never see each other
)


class NotificationService:
    """Sends errors and news to one user at a time."""

    def __init__(self, manager: UnifiedWebSocketManager | None = None) -> None:
        self._manager = manager or UnifiedWebSocketManager(WebSocketManagerMode.ISOLATED)

    def register(self, connection_id: str, user_id: str) -> WebSocketConnection:
        connection = WebSocketConnection(connection_id, user_id)
        self._manager.connect(connection)
        return connection

    async def report_error(self, user_id: str, text: str) -> bool:
        delivered = await self._manager.send_to_user(user_id, WebSocketMessage(MessageType.ERROR, {"text": text}))
        return delivered > 0
