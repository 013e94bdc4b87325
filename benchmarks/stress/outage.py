"""An outage: a store goes away while visitors go on, and comes back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from .caches import Settings
from .crowd import Crowd
from .row import Finding, Run

BEFORE, DOWN, AFTER = 3, 3, 5

_Store = TypeVar("_Store")


def outage(
    run: Run,
    store: AbstractContextManager[_Store],
    settings: Callable[[_Store], Settings],
    *,
    begin: Callable[[_Store], object],
    end: Callable[[_Store], object],
    what: str = "down",
    after: float = AFTER,
) -> Finding:
    """Take a store away and give it back.

    :param store: runs it.
    :param settings: of the app that works on it.
    :param begin: takes it away.
    :param end: gives it back.
    :param what: it is meanwhile.
    :param after: seconds in which it has to be well again.
    """
    with store as it, run.site(settings(it)) as site, Crowd(run, site) as crowd:
        crowd.work(BEFORE, "before")
        begin(it)
        crowd.work(DOWN, what)
        end(it)
        return crowd.finding_after_return(after)
