"""The registry of agents."""

import pytest

from netra_backend.app.agents.agent_registry import AgentRegistry
from netra_backend.app.agents.base_agent import AgentState, BaseAgent


class NullAgent(BaseAgent):
    def run(self, state: AgentState) -> AgentState:
        return state


def test_a_name_is_taken_once() -> None:
    # Only this test needs a manager, so only it imports one.
    from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager

    registry = AgentRegistry(UnifiedWebSocketManager())
    registry.register(NullAgent())
    with pytest.raises(ValueError, match="base"):
        registry.register(NullAgent())
    assert [agent.name for agent in registry] == ["base"]
