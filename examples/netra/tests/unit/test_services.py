"""The smaller services."""

import asyncio
from unittest.mock import patch

from netra_backend.app.core.resilience.fallback import FallbackChain
from netra_backend.app.services.circuit_breaker import (
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerState as State,
    get_circuit_breaker,
)
from netra_backend.app.services.corpus_service import CorpusService
from netra_backend.app.services.cost_tracker import CostTracker
from netra_backend.app.services.health_monitor import HealthMonitor
from netra_backend.app.services.notification_service import NotificationService
from netra_backend.app.services.thread_service import ThreadService


def opened(name: str) -> CircuitBreaker:
    breaker = CircuitBreaker(CircuitBreakerConfig(name, failure_threshold=1, recovery_seconds=60))
    breaker.record_failure()
    assert breaker.state is State.OPEN
    return breaker


def test_health() -> None:
    monitor = HealthMonitor(["db"])
    assert monitor.score() == 1.0
    monitor.watch("cache", opened("cache"))
    assert monitor.failing() == ["cache"]
    assert monitor.score() == 0.5


def test_costs_stop_while_billing_is_away() -> None:
    tracker = CostTracker(price_per_token=0.5)
    assert tracker.add(3)
    tracker.billing = opened("billing")
    assert not tracker.add(3)
    assert tracker.total == 1.5


def test_errors_reach_the_user() -> None:
    service = NotificationService()
    connection = service.register("1", "me")
    assert asyncio.run(service.report_error("me", "no model"))
    assert connection.sent[0]["payload"] == {"text": "no model"}


def test_fallbacks() -> None:
    assert FallbackChain(get_circuit_breaker("a"), lambda: "primary").otherwise(lambda: "second").answer() == "primary"
    assert FallbackChain(opened("a"), lambda: "primary").otherwise(lambda: "second").answer() == "second"


def test_corpus_handles_what_the_old_breaker_would_have_raised() -> None:
    def broken(query: str) -> list[str]:
        raise LookupError(query)

    with patch("netra_backend.app.services.corpus_service.CircuitOpenException", LookupError):
        assert CorpusService(broken).search("anything") == []


def test_threads() -> None:
    assert ThreadService().append("1", "hello") == 1
