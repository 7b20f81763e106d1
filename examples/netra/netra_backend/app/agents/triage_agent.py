"""Decides which agents a request needs."""

from __future__ import annotations

from netra_backend.app.agents.base_agent import AgentState, BaseAgent
from netra_backend.app.services.circuit_breaker import CircuitBreakerState
from netra_backend.app.services.llm_client import LLMClient

KEYWORDS = {"cost": "data", "latency": "data", "report": "reporting"}


class TriageAgent(BaseAgent):
    """Asks the model; looks for keywords while the model is away."""

    name = "triage"

    def __init__(self, client: LLMClient) -> None:
        self._client = client

    def run(self, state: AgentState) -> AgentState:
        state.findings["category"] = self._category(state.request)
        return state

    def _category(self, request: str) -> str:
        if self._client.state is CircuitBreakerState.CLOSED:
            return self._client.ask(f"Which category: {request}")
        return next((category for word, category in KEYWORDS.items() if word in request), "general")
