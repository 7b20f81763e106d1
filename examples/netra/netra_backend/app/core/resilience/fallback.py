"""What to answer while a breaker keeps calls away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ...services.circuit_breaker import CircuitBreaker, CircuitBreakerState

T = TypeVar("T")


class FallbackChain(Generic[T]):
    """Answers from the primary source, or from the first fallback that has something."""

    def __init__(self, breaker: CircuitBreaker, primary: Callable[[], T]) -> None:
        self._breaker = breaker
        self._primary = primary
        self._fallbacks: list[Callable[[], T | None]] = []

    def otherwise(self, fallback: Callable[[], T | None]) -> FallbackChain[T]:
        self._fallbacks.append(fallback)
        return self

    def answer(self) -> T | None:
        if self._breaker.state != CircuitBreakerState.OPEN:
            return self._breaker.call(self._primary)
        for fallback in self._fallbacks:
            value = fallback()
            if value is not None:
                return value
        return None
