"""Helpers for the load tests."""

from __future__ import annotations

import test_framework.docker_circuit_breaker as docker_breaker


def breaker_after(failures: int) -> docker_breaker.DockerCircuitBreaker:
    """Return a breaker that has seen some failures."""
    breaker = docker_breaker.DockerCircuitBreaker(docker_breaker.DockerCircuitBreakerConfig(failure_threshold=3))

    def fail() -> bool:
        raise OSError("no docker here")

    for _ in range(failures):
        docker_breaker.run_with_breaker(breaker, fail, default=False)
    return breaker
