"""Retries."""

import pytest

from netra_backend.app.core.resilience.retry_manager import RetryExhaustedException, RetryManager, RetryPolicy
from test_framework.ssot.mock_factory import failing_transport


def test_tries_until_it_works() -> None:
    transport = failing_transport(failures=2)
    assert RetryManager().run(lambda: transport("hello")) == "ok"


def test_gives_up() -> None:
    transport = failing_transport(failures=2)
    with pytest.raises(RetryExhaustedException) as caught:
        RetryManager(RetryPolicy(attempts=2)).run(lambda: transport("hello"))
    assert caught.value.attempts == 2
