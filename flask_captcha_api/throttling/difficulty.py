"""The difficulty of a client's next picture, by how many captchas it has been issued lately.

Visitors see easy pictures, and whoever asks for many, as programs do that look for the ones they can read, hard ones.
"""

from typing import Any

from flask import request

from ..challenges.sources import UNCOUNTED, Source
from ..settings.config import Difficulty
from ..state import CaptchaState
from ..storage.digests import pseudonym_of
from .addresses import counted_address
from .rate_limits import warn_about_private_counters

#: Seconds after its first captcha in which a client's captchas are counted together.
WINDOW = 600
#: From how many captchas on, counted in this window, the next one has which difficulty.
STEPS: tuple[tuple[int, Difficulty], ...] = ((60, "hard"), (20, "normal"), (0, "calm"))


def difficulty_for(state: CaptchaState, source: Source, identity: Any) -> Difficulty:
    """Count a captcha for the current request's address and identity, and return its difficulty.

    :param identity: None: anonymous.
    :returns: that of the source, or, where it is ``auto``, the one for the higher of the two counts.
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
