"""Between an agent, which knows events, and the manager, which knows sockets."""

from __future__ import annotations

from typing import Any

from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager \
    import UnifiedWebSocketManager as Manager


class AgentWebSocketBridge:
    """Tells one user what an agent is doing."""

    def __init__(self, manager: Manager, user_id: str) -> None:
        self._manager = manager
        self._user_id = user_id

    async def started(self, agent: str) -> int:
        return await self._notify(MessageType.AGENT_STARTED, {"agent": agent})

    async def completed(self, agent: str, result: str) -> int:
        return await self._notify(MessageType.AGENT_COMPLETED, {"agent": agent, "result": result})

    async def _notify(self, kind: MessageType, payload: dict[str, Any]) -> int:
        return await self._manager.send_to_user(self._user_id, WebSocketMessage(kind, payload))


def bridge_for(user_id: str) -> AgentWebSocketBridge:
    """Return a bridge with a manager of its own."""
    return AgentWebSocketBridge(Manager(), user_id)
