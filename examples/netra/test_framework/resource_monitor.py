"""Watches what a test run uses."""

from __future__ import annotations

from .docker_circuit_breaker import DockerCircuitBreaker, DockerOperation


class ResourceMonitor:
    """Says whether there is room for another container."""

    def __init__(self, breaker: DockerCircuitBreaker | None = None, limit: int = 3) -> None:
        self._breaker = breaker or DockerCircuitBreaker()
        self._limit = limit
        self._running = 0

    def acquire(self) -> bool:
        if self._breaker.is_open or self._running >= self._limit:
            return False
        self._running += 1
        return True
