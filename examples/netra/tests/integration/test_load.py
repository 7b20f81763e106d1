"""What many failures at once do."""

from test_framework.docker_circuit_breaker import DockerOperation, run_with_breaker
from test_framework.load_helpers import breaker_after
from test_framework.ssot.performance_test_circuit_breaker import DockerCircuitBreaker, DockerCircuitBreakerConfig


def test_opens_under_load() -> None:
    assert not breaker_after(2).is_open
    assert breaker_after(5).is_open


def test_success_starts_the_count_again() -> None:
    breaker = DockerCircuitBreaker(DockerCircuitBreakerConfig(failure_threshold=2))
    breaker.failures = 1
    assert run_with_breaker(breaker, lambda: DockerOperation("docker ps"), default=None) is not None
    assert breaker.failures == 0


def test_a_reset_closes() -> None:
    import test_framework.docker_circuit_breaker as dcb

    breaker = breaker_after(5)
    breaker.reset()
    assert dcb.run_with_breaker(breaker, lambda: True, default=False)
