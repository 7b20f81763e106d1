"""The supervisor, with a manager that only remembers."""

import asyncio
from unittest.mock import AsyncMock, patch

from netra_backend.app.agents.base_agent import AgentState, BaseAgent
from netra_backend.app.agents.supervisor import SupervisorAgent
from netra_backend.app.websocket_core.unified_manager import UnifiedWebSocketManager  # noqa: F401


class EchoAgent(BaseAgent):
    name = "echo"

    def run(self, state: AgentState) -> AgentState:
        state.findings["echo"] = state.request
        return state


@patch("netra_backend.app.agents.supervisor.UnifiedWebSocketManager")
def test_tells_when_an_agent_starts_and_ends(manager_class: AsyncMock) -> None:
    manager_class.return_value.send_to_user = AsyncMock(return_value=1)
    state = asyncio.run(SupervisorAgent([EchoAgent()], "me").run("hello"))
    assert state.findings == {"echo": "hello"}
    assert manager_class.return_value.send_to_user.await_count == 2


def test_runs_without_connections() -> None:
    state = asyncio.run(SupervisorAgent([EchoAgent(), EchoAgent()], "me").run("hello"))
    assert state.request == "hello"
