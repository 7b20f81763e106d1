"""The implementation of the websocket manager.

The public name is exported by ``websocket_manager``; what is here is for that module alone, apart from the
connection and the mode, which have no other home.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from netra_backend.app.websocket_core.types import WebSocketMessage


class WebSocketManagerMode(Enum):
    """How strictly users are kept apart."""

    UNIFIED = "unified"
    ISOLATED = "isolated"


@dataclass
class WebSocketConnection:
    """One open socket of one user."""

    connection_id: str
    user_id: str
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, message: WebSocketMessage) -> None:
        self.sent.append(message.as_dict())


class _UnifiedWebSocketManagerImplementation:
    """Knows every connection, and writes to those of one user."""

    def __init__(self, mode: WebSocketManagerMode = WebSocketManagerMode.UNIFIED) -> None:
        self.mode = mode
        self._connections: dict[str, list[WebSocketConnection]] = defaultdict(list)

    def connect(self, connection: WebSocketConnection) -> None:
        self._connections[connection.user_id].append(connection)

    def disconnect(self, connection: WebSocketConnection) -> None:
        remaining = [known for known in self._connections[connection.user_id] if known is not connection]
        self._connections[connection.user_id] = remaining

    def connection_count(self, user_id: str | None = None) -> int:
        if user_id is not None:
            return len(self._connections.get(user_id, []))
        return sum(len(connections) for connections in self._connections.values())

    async def send_to_user(self, user_id: str, message: WebSocketMessage) -> int:
        connections = self._connections.get(user_id, [])
        for connection in connections:
            await connection.send(message)
        return len(connections)
