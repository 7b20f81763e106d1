"""The documents that answers are taken from."""

from __future__ import annotations

from collections.abc import Callable

from netra_backend.app.core.resilience.retry_manager import RetryExhaustedException, RetryManager

try:
    from netra_backend.app.services.circuit_breaker import CircuitOpenException
except ImportError:
    CircuitOpenException = None

try:
    from netra_backend.app.services.circuit_breaker import (
        CircuitBreaker,
        # Raised, once, by a breaker that nobody finished.
        CircuitOpenException as BreakerOpen,  # kept for the old workers
    )
except (ImportError, AttributeError):
    from netra_backend.app.services.circuit_breaker import CircuitBreaker

    BreakerOpen = None


class CorpusService:
    """Looks documents up; an index that does not answer is an empty one."""

    def __init__(self, index: Callable[[str], list[str]], breaker: CircuitBreaker | None = None) -> None:
        self._index = index
        self._breaker = breaker
        self._retry = RetryManager()

    @property
    def handled(self) -> tuple[type[Exception], ...]:
        return (RetryExhaustedException,) if CircuitOpenException is None else (CircuitOpenException,)

    def search(self, query: str) -> list[str]:
        if self._breaker is not None and not self._breaker.allows_request():
            return []
        try:
            return self._retry.run(lambda: self._index(query))
        except self.handled:
            return []
