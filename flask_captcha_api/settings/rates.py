"""The syntax of rates, such as ``30 per minute``, which is that of the ``limits`` library (the extra ``limits``)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits import RateLimitItem


def parse_rate(rate: str) -> "Sequence[RateLimitItem]":
    """Return the windows of a rate.

    :raises ValueError: it is not a rate.
    :raises ImportError: the ``limits`` library is not installed.
    """
    import limits

    return limits.parse_many(rate)


def is_rate(value: object) -> bool:
    """Return whether ``value`` is a rate such as ``30 per minute`` or ``10/second; 200/hour``, each at least 1.

    Without the ``limits`` library every text is accepted: ``check_storage`` reports what is missing.
    """
    try:
        return isinstance(value, str) and all(item.amount >= 1 for item in parse_rate(value))
    except ImportError:
        return True
    except ValueError:
        return False


def never_allows(rate: str, cost: int) -> bool:
    """Return whether a rate is so low that it never allows a request that counts as ``cost``."""
    try:
        return any(item.amount < cost for item in parse_rate(rate))
    except ImportError:
        return False


def max_hits_within(rate: str, seconds: int) -> int:
    """Return an upper bound for the hits that a rate allows within any period of ``seconds``.

    A window can be used up at once, at its end. Its count then decreases by the rate's amount per window length, and
    as many hits, rounded up, are allowed in addition.

    :raises ImportError: the ``limits`` library is not installed.
    """
    return min(item.amount + math.ceil(item.amount * seconds / item.get_expiry()) for item in parse_rate(rate))
