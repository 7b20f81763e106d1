"""Which agents there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netra_backend.app.agents.base_agent import BaseAgent

if TYPE_CHECKING:
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager


class AgentRegistry:
    """Agents by name, and the manager that they report to."""

    def __init__(self, manager: UnifiedWebSocketManager) -> None:
        self.manager = manager
        self._agents: dict[str, BaseAgent] = {}

    def register(self, agent: BaseAgent) -> None:
        if agent.name in self._agents:
            raise ValueError(f"there is an agent {agent.name!r} already")
        self._agents[agent.name] = agent

    def __iter__(self) -> Iterator[BaseAgent]:
        return iter(self._agents.values())