"""The agent that collects numbers."""

from netra_backend.app.agents.base_agent import AgentState
from netra_backend.app.agents.data_agent import DataAgent, open_channel
from netra_backend.app.services.circuit_breaker import get_circuit_breaker


def test_adds_up() -> None:
    agent = DataAgent(get_circuit_breaker("data"), {"a": 1, "b": 2})
    assert agent.run(AgentState("sum")).findings == {"total": "3"}


def test_does_not_ask_an_open_breaker() -> None:
    breaker = get_circuit_breaker("data")
    for _ in range(breaker.config.failure_threshold):
        breaker.record_failure()
    assert DataAgent(breaker, {"a": 1}).run(AgentState("sum")).findings == {"total": "not asked"}


def test_channel() -> None:
    manager, connection = open_channel("me")
    assert manager.connection_count("me") == 1
    assert connection.user_id == "me"
