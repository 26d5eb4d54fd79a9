"""The limits of API keys: requests and tokens a minute, requests at once. Does not know HTTP.

Theory of operation. Each limit a minute is a bucket that holds as much as the limit, starts full
and fills at a sixtieth of the limit a second. A request takes one from the bucket of requests when
it begins. What it costs in tokens is known when it ends: it may begin while the bucket of tokens
is not empty, and then takes all it has used, below zero if need be, so that the next requests wait
until the debt is paid. In the long run no key has more than its limit, and no request is refused
for tokens that it would not have used.

With several processes each enforces its share of a limit, since they know nothing of each other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from harmonium.gateway.config.api_keys import ApiKey
from harmonium.gateway.errors import RefusedError

_MINUTE = 60.0


class _Bucket:
    """An amount that fills up with time."""

    def __init__(self, size: float, now: float) -> None:
        self.size = size
        self._amount = size
        self._at = now

    def amount(self, now: float) -> float:
        """Return what is there; below zero for a debt."""
        gained = max(0.0, now - self._at) * self.size / _MINUTE
        self._amount, self._at = min(self.size, self._amount + gained), max(now, self._at)
        return self._amount

    def take(self, count: float) -> None:
        """Take an amount, whether or not it is there."""
        self._amount -= count

    def seconds_until(self, amount: float, now: float) -> float:
        """Return the time until an amount is there."""
        missing = amount - self.amount(now)
        return max(0.0, missing * _MINUTE / self.size)


class _Usage:
    """What one key uses."""

    def __init__(self, key: ApiKey, share: int, now: float) -> None:
        self.key = key
        self.running = 0
        self.concurrent = None if key.concurrent is None else max(1, key.concurrent // share)
        self.buckets: dict[str, _Bucket] = {}
        for name, limit in (("requests", key.requests), ("tokens", key.tokens)):
            if limit is not None:
                self.buckets[name] = _Bucket(max(1.0, limit / share), now)


class KeyLimiter:
    """Limiter of what each API key may use.

    Args:
        share: the number of processes that share the limits.
        clock: seconds that only go forward.

    """

    def __init__(self, share: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._usage: dict[bytes, _Usage] = {}

    def begin(self, key: ApiKey) -> None:
        """Begin a request of a key; it must `end`.

        Raises:
            RefusedError: the key has reached a limit (429).

        """
        usage, now = self._usage_of(key), self._clock()
        if usage.concurrent is not None and usage.running >= usage.concurrent:
            message = f"this API key has {usage.running} requests running, its limit; retry later"
            raise self._refuse(usage, message, 1.0)
        for name, bucket in usage.buckets.items():
            least = 1.0 if name == "requests" else math.nextafter(0.0, 1.0)
            if bucket.amount(now) < least:
                message = (
                    f"this API key has used its {bucket.size:g} {name} per minute; retry later"
                )
                raise self._refuse(usage, message, bucket.seconds_until(1.0, now))
        if "requests" in usage.buckets:
            usage.buckets["requests"].take(1)
        usage.running += 1

    def end(self, key: ApiKey, tokens: int) -> None:
        """End a request of a key, which has used so many tokens."""
        usage = self._usage_of(key)
        usage.running -= 1
        if "tokens" in usage.buckets:
            usage.buckets["tokens"].amount(self._clock())
            usage.buckets["tokens"].take(tokens)

    def headers(self, key: ApiKey) -> Mapping[str, str]:
        """Return the ``x-ratelimit-`` headers of a key's answers, as OpenAI's API has them."""
        usage, now = self._usage_of(key), self._clock()
        found: dict[str, str] = {}
        for name, bucket in usage.buckets.items():
            found[f"x-ratelimit-limit-{name}"] = f"{bucket.size:.0f}"
            found[f"x-ratelimit-remaining-{name}"] = str(max(0, math.floor(bucket.amount(now))))
            reset = bucket.seconds_until(bucket.size, now)
            found[f"x-ratelimit-reset-{name}"] = f"{math.ceil(reset)}s"
        return found

    def _usage_of(self, key: ApiKey) -> _Usage:
        """Return the usage of a key; it begins anew when the key's limits change."""
        found = self._usage.get(key.digest)
        if found is None or found.key != key:
            running = 0 if found is None else found.running
            found = self._usage[key.digest] = _Usage(key, self._share, self._clock())
            found.running = running
        return found

    def _refuse(self, usage: _Usage, message: str, seconds: float) -> RefusedError:
        headers = {"retry-after": str(max(1, math.ceil(seconds))), **self.headers(usage.key)}
        return RefusedError(message, 429, code="rate_limit_exceeded", headers=headers)
