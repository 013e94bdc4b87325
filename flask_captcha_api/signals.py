"""Signals: what an app can be told of the life of captchas, for its metrics and logs. None of them carries an answer.

Connect a receiver with ``captcha_verified.connect(receiver, app)``. A receiver is called in the request that it is told
of, so it should be quick; what it raises is logged and harms nobody.
"""

import logging
from typing import Any

from blinker import NamedSignal, Namespace

_signals = Namespace()

#: A captcha was issued. Sent by the app with ``source``, ``form`` (``image`` or ``audio``) and ``identity``.
captcha_issued: NamedSignal = _signals.signal("captcha-issued")
#: A captcha was verified. Sent by the app with ``outcome`` (an :class:`Outcome`), ``source`` (None where no captcha was
#: found) and ``identity`` (whose request it was).
captcha_verified: NamedSignal = _signals.signal("captcha-verified")

_logger = logging.getLogger("flask_captcha_api")


def announce(signal: NamedSignal, sender: Any, **told: Any) -> None:
    """Send a signal, whatever its receivers do: a captcha is not lost over a metric."""
    for receiver in signal.receivers_for(sender):
        try:
            receiver(sender, **told)
        except Exception:
            _logger.exception("a receiver of the signal %r failed", signal.name)
