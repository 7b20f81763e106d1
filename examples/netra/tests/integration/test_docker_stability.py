"""A test run on a machine whose Docker comes and goes."""

from unittest.mock import patch

from test_framework.docker_circuit_breaker import DockerCircuitBreaker, DockerCircuitBreakerConfig
from test_framework.docker_test_manager import DockerTestManager
from test_framework.resource_monitor import ResourceMonitor


def no_docker(command: str) -> bool:
    raise OSError(command)


def test_stops_asking() -> None:
    manager = DockerTestManager(no_docker)
    assert [manager.start("redis") for _ in range(3)] == [False, False, False]
    assert manager.breaker.is_open


@patch("test_framework.docker_test_manager.DockerCircuitBreaker", wraps=DockerCircuitBreaker)
def test_one_breaker_per_manager(breaker_class: object) -> None:
    DockerTestManager(no_docker)
    assert breaker_class.call_count == 1


def test_room_for_so_many() -> None:
    assert [ResourceMonitor(limit=1).acquire() for _ in range(2)] == [True, True]
    assert not ResourceMonitor(DockerCircuitBreaker(DockerCircuitBreakerConfig(failure_threshold=0))).acquire()


def test_a_command_says_how_long_it_may_take() -> None:
    from test_framework.docker_circuit_breaker import DockerOperation as Operation

    assert Operation("docker ps").timeout_seconds == 10.0
