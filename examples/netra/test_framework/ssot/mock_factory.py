"""Stand-ins for what a unit test does not want to start."""

from __future__ import annotations

from collections.abc import Callable


def failing_transport(failures: int, answer: str = "ok") -> Callable[[str], str]:
    """Return a transport that loses its connection a number of times, and then answers."""
    remaining = [failures]

    def transport(prompt: str) -> str:
        if remaining[0] > 0:
            remaining[0] -= 1
            raise ConnectionError(prompt)
        return answer

    return transport
