"""Messages, as they go over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class MessageType(str, Enum):
    """The events that a client listens for."""

    AGENT_STARTED = "agent_started"
    AGENT_COMPLETED = "agent_completed"
    ERROR = "error"
    PING = "ping"


@dataclass(frozen=True)
class WebSocketMessage:
    """One event for one user."""

    type: MessageType
    payload: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"type": self.type.value, "payload": self.payload}
