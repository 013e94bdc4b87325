"""The difficulty of a client's next picture, by how many captchas it has been issued lately.

Visitors see easy pictures. Clients that ask for many, as programs do to find one that they can read, get hard ones.
"""

from typing import Any

from flask import request

from ..challenges.sources import UNCOUNTED, Source
from ..settings.config import Difficulty
from ..state import CaptchaState
from ..storage.digests import pseudonym_of
from .addresses import counted_address
from .rate_limits import warn_about_private_counters

#: Seconds from a client's first captcha in which its captchas are counted together.
WINDOW = 600
#: The difficulty of the next captcha once this many were counted in the window. The first row that applies decides.
STEPS: tuple[tuple[int, Difficulty], ...] = ((60, "hard"), (20, "normal"), (0, "calm"))


def difficulty_for(state: CaptchaState, source: Source, identity: Any) -> Difficulty:
    """Count a captcha for the current request's address and identity, and return its difficulty.

    :param identity: None: anonymous.
    :returns: for a source with ``auto``, the one for the higher of the two counts. For others nothing is counted, and
        this is not used.
    """
    if source.settings.difficulty != "auto":
        return UNCOUNTED
    warn_about_private_counters(state)
    counters, clients = state.counters.get(), {"address": counted_address(request.remote_addr), "identity": identity}
    counts = [
        counters.count_issued(kind, pseudonym_of(state.keys[0], client), seconds=WINDOW)
        for kind, client in clients.items()
        if client is not None
    ]
    if not counts or None in counts:  # nothing to count by, or not counted
        return UNCOUNTED
    count = max(number for number in counts if number is not None) - 1
    return next(difficulty for step, difficulty in STEPS if count >= step)
