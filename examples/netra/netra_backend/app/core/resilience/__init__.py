"""Circuit breakers, retries and fallbacks: the one home of each."""
