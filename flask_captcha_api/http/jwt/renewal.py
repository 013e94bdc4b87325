"""Returns a client's JWT to it, renewed if that is due."""

import logging
import time
from datetime import timedelta
from typing import Any

from flask import current_app

from .authentication import Caller

_logger = logging.getLogger("flask_captcha_api")

#: Claims that the app's settings may omit from a new token, which then must not inherit them from the old one.
_CLAIMS_NOT_INHERITED = frozenset({"nbf", "csrf", "aud", "iss"})
#: Seconds by which ``exp - iat`` may differ from the app's setting, as tokens have whole seconds.
_ROUNDING = 2
#: The claim with the time of sign-in (OpenID Connect Core, section 2).
_AUTH_TIME = "auth_time"


def returned_token(caller: Caller, longest_session: timedelta | None) -> tuple[str, str]:
    """Return name and value of the header that returns the caller's token, renewed if that is due.

    :param longest_session: counted from the session's first token; None: never renew.
    """
    from flask_jwt_extended.config import config

    token = caller.token
    if longest_session is not None:
        try:
            token = _renewed(caller, longest_session) or token
        except Exception:  # whatever the app's loaders raise: the captcha is issued all the same
            _logger.exception("the token was not renewed: one of the app's JWT callbacks raised")
    return config.header_name, f"{config.header_type} {token}".lstrip()


def _renewed(caller: Caller, longest_session: timedelta) -> str | None:
    """Return a successor of the caller's access token, or None if none is due.

    None is due while at least half of the token's lifetime is left, at the end of the session, and for a token whose
    lifetime is not the app's default: its issuer meant it to end. The successor continues the session with the same
    identity and custom claims. It is never fresh, as no password was given. Values from the app's claims loader win, so
    that a revoked role stays revoked. Revoking a token does not revoke its successors.
    """
    import jwt
    from flask_jwt_extended import create_access_token
    from flask_jwt_extended.config import config

    claims = caller.claims
    issued, expires = claims.get("iat"), claims.get("exp")
    if claims["type"] != "access" or not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return None
    if not config.access_expires:
        return None
    now = int(time.time())
    lifetime = config.access_expires.total_seconds()
    if abs(expires - issued - lifetime) > _ROUNDING or expires - now >= lifetime / 2:
        return None
    auth_time = claims.get(_AUTH_TIME)
    signed_in = min(auth_time, issued) if isinstance(auth_time, int | float) else issued
    new_expiry = int(min(now + lifetime, signed_in + longest_session.total_seconds()))
    if new_expiry <= expires:
        return None

    owner = _owner(caller)
    bare = create_access_token(owner)
    payload = {name: value for name, value in claims.items() if name not in _CLAIMS_NOT_INHERITED}
    payload.update(jwt.decode(bare, options={"verify_signature": False}))
    payload.update({"fresh": False, _AUTH_TIME: signed_in, "exp": new_expiry})
    # Not by create_access_token(additional_claims=…), which writes them into the very dict that the app's claims loader
    # returned: if the loader always returns the same one, all users would get this visitor's claims and expiry.
    key = current_app.extensions["flask-jwt-extended"]._encode_key_callback(owner)
    return jwt.encode(
        payload, key, config.algorithm, headers=jwt.get_unverified_header(bare), json_encoder=config.json_encoder
    )


def _owner(caller: Caller) -> Any:
    """Return what the app's identity and claims loaders expect: its user object if it looks users up."""
    from flask_jwt_extended import get_current_user

    try:
        return get_current_user()
    except RuntimeError:  # the app has no user_lookup_loader
        return caller.identity
