"""The manager of breakers, which nobody has carried over: some of these names have no home."""

import pytest

from test_framework.docker_circuit_breaker import (
    DockerCircuitBreaker,
    # One breaker per operation.
    DockerCircuitBreakerManager,
    DockerOperation,
    CircuitBreakerOpenError,  # raised by the manager
)


def test_the_manager_refuses() -> None:
    manager = DockerCircuitBreakerManager(DockerCircuitBreaker())
    with pytest.raises(CircuitBreakerOpenError):
        manager.run(DockerOperation("docker ps"))
