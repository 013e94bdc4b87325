"""Signals: what an app can be told of the life of captchas, for its metrics and logs. None of them carries an answer.

Connect a receiver with ``captcha_verified.connect(receiver, app)``. A receiver is called in the request that it is told
of, so it should be quick; what it raises is logged and harms nobody. It may be ``async def`` (the extra ``async``); it
is awaited before the request goes on.
"""

import logging
from collections.abc import Callable
from typing import Any

from blinker import NamedSignal, Namespace

from .coroutines import finished

_signals = Namespace()

#: A captcha was issued. Sent by the app with ``source``, ``form`` (``image`` or ``audio``) and ``identity``.
captcha_issued: NamedSignal = _signals.signal("captcha-issued")
#: A captcha was verified. Sent by the app with ``outcome`` (an :class:`Outcome`), ``source`` (None where no captcha was
#: found) and ``identity`` (whose request it was).
captcha_verified: NamedSignal = _signals.signal("captcha-verified")

_logger = logging.getLogger("flask_captcha_api")


def announce(
    signal: NamedSignal, sender: Any, ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]], **told: Any
) -> None:
    """Send a signal, whatever its receivers do: a captcha is not lost over a metric.

    Not by the signal's own ``send``, which the first receiver that fails would end.

    :param ensure_sync: Flask's method of that name, for receivers that are async.
    """
    if signal.is_muted:
        return
    for receiver in signal.receivers_for(sender):
        try:
            finished(receiver(sender, **told), ensure_sync)
        except BaseException as error:
            if not _is_its_own(error):
                raise
            _logger.exception("a receiver of the signal %r failed", signal.name)


def _is_its_own(error: BaseException) -> bool:
    """Tell whether it is a receiver that failed, and not the process that ends."""
    if isinstance(error, Exception):
        return True
    from asyncio import CancelledError  # slow to import, and few need it

    return isinstance(error, CancelledError)
