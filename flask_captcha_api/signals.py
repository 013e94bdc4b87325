"""Signals for an app's metrics and logs. None of them carries an answer.

Connect a receiver with ``captcha_verified.connect(receiver, app)``. It runs within the request, so it should be quick.
A failing receiver is logged and never fails the request. It may be ``async def`` (the extra ``async``), and is then
awaited before the request continues.
"""

import logging
from collections.abc import Callable
from typing import Any

from blinker import NamedSignal, Namespace

from .coroutines import resolve

_signals = Namespace()

#: A captcha was issued. Sent by the app with ``source``, ``form`` (as passed to ``issue``, such as ``image``, or
#: ``kept`` for one that takes the place of a solved one) and ``identity``.
captcha_issued: NamedSignal = _signals.signal("captcha-issued")
#: A captcha was verified. Sent by the app with ``outcome`` (an :class:`Outcome`), ``source`` (None if no captcha was
#: found) and ``identity`` (that of the request).
captcha_verified: NamedSignal = _signals.signal("captcha-verified")

_logger = logging.getLogger("flask_captcha_api")


def send_robust(
    signal: NamedSignal, sender: Any, ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]], **values: Any
) -> None:
    """Send a signal to every receiver, and log those that fail. The signal's own ``send`` stops at the first failure.

    :param ensure_sync: ``Flask.ensure_sync`` of the app, for async receivers.
    """
    if signal.is_muted:
        return
    for receiver in signal.receivers_for(sender):
        try:
            resolve(receiver(sender, **values), ensure_sync)
        except BaseException as error:
            if not _is_failure(error):
                raise
            _logger.exception("a receiver of the signal %r failed", signal.name)


def _is_failure(error: BaseException) -> bool:
    """Return whether the receiver failed or was cancelled, as opposed to the process being stopped."""
    if isinstance(error, Exception):
        return True
    from asyncio import CancelledError  # slow to import, and rarely needed

    return isinstance(error, CancelledError)
