"""Triage, with and without a model."""

from unittest import mock

from netra_backend.app.agents.base_agent import AgentState
from netra_backend.app.agents.triage_agent import TriageAgent
from netra_backend.app.services.circuit_breaker import CircuitBreakerState
from netra_backend.app.services.llm_client import LLMClient
from test_framework.ssot.mock_factory import failing_transport


def test_asks_the_model() -> None:
    client = LLMClient(failing_transport(failures=0, answer="billing"))
    assert TriageAgent(client).run(AgentState("what did it cost?")).findings["category"] == "billing"


def test_keywords_while_the_model_is_away() -> None:
    client = LLMClient(failing_transport(failures=9))
    client.ask("one")
    client.ask("two")
    assert client.state is CircuitBreakerState.OPEN
    assert TriageAgent(client).run(AgentState("what did it cost?")).findings["category"] == "data"


def test_the_state_is_looked_up_in_the_agents_module() -> None:
    client = LLMClient(failing_transport(failures=0))
    with mock.patch("netra_backend.app.agents.triage_agent.CircuitBreakerState") as states:
        states.CLOSED = object()
        assert TriageAgent(client).run(AgentState("hello")).findings["category"] == "general"
