"""Tests that look after themselves where the helpers are not there: today they all skip."""

import pytest

try:
    from test_framework.docker_circuit_breaker import DockerCircuitBreaker as Breaker, run_with_breaker
except ImportError:
    Breaker = run_with_breaker = None

try:
    from test_framework.docker_circuit_breaker import DockerCircuitBreakerConfig, reset_all_breakers
except ImportError:
    DockerCircuitBreakerConfig = reset_all_breakers = None


@pytest.mark.skipif(Breaker is None, reason="no breaker")
def test_a_default_instead_of_an_error() -> None:
    def broken() -> int:
        raise OSError

    assert run_with_breaker(Breaker(), broken, default=-1) == -1


@pytest.mark.skipif(reset_all_breakers is None, reason="nothing resets all of them")
def test_reset_all() -> None:
    reset_all_breakers(DockerCircuitBreakerConfig())
