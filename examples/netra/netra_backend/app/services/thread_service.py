"""Conversations and their messages."""

from __future__ import annotations

from collections.abc import Callable

from netra_backend.app.services import circuit_breaker


class ThreadService:
    """Keeps the messages of each thread, and replays them to the model."""

    def __init__(self) -> None:
        self._messages: dict[str, list[str]] = {}
        self._breaker = circuit_breaker.get_circuit_breaker("threads")

    def append(self, thread_id: str, message: str) -> int:
        messages = self._messages.setdefault(thread_id, [])
        messages.append(message)
        return len(messages)

    def replay(self, thread_id: str, send: Callable[[str], str]) -> list[str]:
        from netra_backend.app.services.circuit_breaker import CircuitOpenException

        answers = []
        for message in self._messages.get(thread_id, []):
            try:
                answers.append(self._breaker.call(lambda message=message: send(message)))
            except CircuitOpenException:
                break
        return [answer for answer in answers if answer is not None]
