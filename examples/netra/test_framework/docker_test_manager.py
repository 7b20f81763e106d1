"""Starts and stops the containers of a test run."""

from __future__ import annotations

from collections.abc import Callable

from test_framework.docker_circuit_breaker import (
    # Opens after two failures in a row.
    DockerCircuitBreaker,  # one per manager
    DockerCircuitBreakerConfig as BreakerConfig,
    # What is run, and for how long at most.
    DockerOperation,
    run_with_breaker,  # never raises
)


class DockerTestManager:
    """Runs Docker commands until the breaker says that there is no Docker."""

    def __init__(self, client: Callable[[str], bool], failure_threshold: int = 2) -> None:
        self._client = client
        self.breaker = DockerCircuitBreaker(BreakerConfig(failure_threshold))

    def start(self, service: str) -> bool:
        operation = DockerOperation(f"docker start {service}")
        return run_with_breaker(self.breaker, lambda: self._client(operation.command), default=False)
