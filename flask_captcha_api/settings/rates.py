"""The syntax of rates, such as ``30 per minute``: that of the ``limits`` library (the extra ``limits``)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from limits import RateLimitItem

#: For how many seconds a storage can count, by the scheme of its URI; the others have no bound. The limits library
#: hands seconds through to memcached, which takes more than these for a date: of 1970, so nothing would be counted.
LONGEST_SECONDS = {"memcached": 30 * 24 * 3600}
#: A window that slides is counted for twice its length: it weighs in the one before it.
_WINDOWS_KEPT = 2


def is_rate(value: object) -> bool:
    """Tell whether ``value`` is a rate such as ``30 per minute`` or ``10/second; 200/hour``, each at least 1.

    Without the ``limits`` library any text will do: :meth:`Counters.__init__` tells what is missing then.
    """
    try:
        return isinstance(value, str) and all(item.amount >= 1 for item in parsed(value))
    except ImportError:
        return True
    except ValueError:
        return False


def never_allows(rate: str, cost: int) -> bool:
    """Tell whether a rate is so low that it never lets through what counts as ``cost``."""
    try:
        return any(item.amount < cost for item in parsed(rate))
    except ImportError:
        return False


def most_within(rate: str, seconds: int) -> int:
    """Return a bound on what a rate lets through in any ``seconds`` on end.

    A count can be filled at once, at the end of a window; it then drains by the rate's amount in a window's length, and
    as much as has drained, rounded up, is let through besides.

    :raises ImportError: the ``limits`` library is not installed.
    """
    return min(item.amount + math.ceil(item.amount * seconds / item.get_expiry()) for item in parsed(rate))


def outlasts(rate: str, storage_uri: str) -> bool:
    """Tell whether a rate has a window so long that a storage would count nothing for it."""
    try:
        longest = LONGEST_SECONDS.get(urlsplit(storage_uri).scheme)
        return longest is not None and any(item.get_expiry() * _WINDOWS_KEPT > longest for item in parsed(rate))
    except (ImportError, ValueError):  # no library, or no URI: Counters.__init__ tells
        return False


def parsed(rate: str) -> "Sequence[RateLimitItem]":
    """Read a rate.

    :raises ValueError: it is none.
    :raises ImportError: the ``limits`` library is not installed.
    """
    import limits

    return limits.parse_many(rate)
