"""What every agent is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field


@dataclass
class AgentState:
    """What agents hand on to each other."""

    request: str
    findings: dict[str, str] = field(default_factory=dict)


class BaseAgent(ABC):
    """One step of the work."""

    name = "base"

    @abstractmethod
    def run(self, state: AgentState) -> AgentState:
        """Do the step, and return the state with what was found."""
