"""The supervisor: runs the agents in order, and tells the user."""

from __future__ import annotations

from collections.abc import Sequence

from netra_backend.app.agents.base_agent import AgentState, BaseAgent
from netra_backend.app.websocket_core.types import MessageType, WebSocketMessage
from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager


class SupervisorAgent:
    """Runs agents for one user."""

    def __init__(self, agents: Sequence[BaseAgent], user_id: str) -> None:
        self._agents = agents
        self._user_id = user_id
        self._manager = UnifiedWebSocketManager()

    async def run(self, request: str) -> AgentState:
        state = AgentState(request)
        for agent in self._agents:
            await self._notify(MessageType.AGENT_STARTED, agent.name)
            state = agent.run(state)
            await self._notify(MessageType.AGENT_COMPLETED, agent.name)
        return state

    async def _notify(self, kind: MessageType, agent: str) -> None:
        await self._manager.send_to_user(self._user_id, WebSocketMessage(kind, {"agent": agent}))
