"""The JWT side: whose request this is, and which token goes back.

Only the token in the Authorization header counts, whatever locations the app uses elsewhere. The app's own JWT
handlers are left alone: what goes wrong with a token is caught here. Flask-JWT-Extended is imported only where the app
has a JWTManager, so that an app without one does not pay for it.
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import current_app, request

from .config import SetupError

_logger = logging.getLogger("flask_captcha_api")

#: Claims that a new token may lack by the app's settings, and then must not get from the old one.
_OF_ONE_TOKEN = frozenset({"nbf", "csrf", "aud", "iss"})
#: When the visitor signed in: the claim of OpenID Connect Core, section 2.
_AUTH_TIME = "auth_time"


class Unauthorized(Exception):
    """A token is required and absent, or present and not valid."""


@dataclass(frozen=True)
class Caller:
    """Whose request it is: the identity in a verified token, with the token as it came."""

    identity: Any
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def caller_of_request(policy: str) -> Caller | None:
    """Return whose request this is; None for an anonymous one.

    :param policy: ``off``, ``optional`` or ``required``.
    :raises Unauthorized: no valid token where one is required, or one that is neither valid nor merely expired.
    :raises SetupError: a token is required in an app without a JWTManager.
    """
    if policy == "off":
        return None
    if not has_jwt_manager():
        if policy == "required":
            raise SetupError("CAPTCHA_JWT is 'required' and the app has no JWTManager: call JWTManager(app)")
        return None

    import jwt
    from flask_jwt_extended import verify_jwt_in_request
    from flask_jwt_extended.config import config
    from flask_jwt_extended.exceptions import JWTExtendedException

    try:
        token = _token_in_header()
        verified = verify_jwt_in_request(locations=["headers"]) if token else None
    except jwt.ExpiredSignatureError as error:
        if policy == "required":
            raise Unauthorized from error
        return None
    except (JWTExtendedException, jwt.PyJWTError) as error:
        raise Unauthorized from error
    if token is None or verified is None:
        if policy == "required":
            raise Unauthorized
        return None
    claims = verified[1]
    return Caller(claims[config.identity_claim_key], token, claims)


def identity_of_request() -> Any:
    """Return the identity that the Authorization header proves; None where it proves none.

    It leaves the state of the app's own ``jwt_required`` alone, which a second verification would overwrite.
    """
    if not has_jwt_manager():
        return None

    import jwt
    from flask_jwt_extended import decode_token
    from flask_jwt_extended.config import config
    from flask_jwt_extended.exceptions import JWTExtendedException

    try:
        token = _token_in_header()
        return decode_token(token)[config.identity_claim_key] if token else None
    except (JWTExtendedException, jwt.PyJWTError):
        return None
    except Exception:  # of a decode_key_loader that chokes on a foreign token, say
        _logger.exception("the token was not decoded, so the request counts as anonymous")
        return None


def header_to_send_back(caller: Caller, longest_session: timedelta | None) -> tuple[str, str]:
    """Return name and value of the header that hands the caller's token back, renewed where that is due.

    :param longest_session: counted from the first token of the session; None: never renew.
    """
    from flask_jwt_extended.config import config

    token = caller.token
    if longest_session is not None:
        try:
            token = _renewed(caller, longest_session) or token
        except Exception:  # the app's loaders may raise anything; a captcha is no reason to sign anyone out
            _logger.exception("the token was not renewed: one of the app's JWT callbacks raised")
    return config.header_name, f"{config.header_type} {token}".lstrip()


def header_of_tokens() -> tuple[str, str] | None:
    """Return the name of the header that carries tokens, and the word before them; None in an app without tokens."""
    if not has_jwt_manager():
        return None

    from flask_jwt_extended.config import config

    return config.header_name, config.header_type


def has_jwt_manager() -> bool:
    """Tell whether the current app knows tokens."""
    return "flask-jwt-extended" in current_app.extensions


def _token_in_header() -> str | None:
    """Return the header's one bearer token; None where the header holds none.

    The scheme is compared with regard to case, as Flask-JWT-Extended does it; but what means to be a bearer token and
    is not well formed is an error here, where that package takes it for the absence of one.
    """
    from flask_jwt_extended.config import config
    from flask_jwt_extended.exceptions import InvalidHeaderError

    values = re.split(r",\s*", request.headers.get(config.header_name, ""))
    parts = [words for value in values if (words := value.split())]
    scheme = config.header_type
    if not scheme:
        return parts[0][0] if parts else None
    bearers = [words for words in parts if words[0].lower() == scheme.lower()]
    if not bearers:
        return None
    if len(bearers) > 1 or len(bearers[0]) != 2 or bearers[0][0] != scheme:
        raise InvalidHeaderError(f"expected one '{scheme} <JWT>'")
    return bearers[0][1]


def _renewed(caller: Caller, longest_session: timedelta) -> str | None:
    """Return a successor of the caller's access token, or None.

    None while the token has half of its life left, and at the end of the session. The successor is of the same session:
    same identity, same custom claims and freshness. What the app's claims loader sets wins, so that a role that was
    taken away stays away. Revoking a token does not revoke its successors.
    """
    import jwt
    from flask_jwt_extended import create_access_token
    from flask_jwt_extended.config import config

    claims = caller.claims
    issued, expires = claims.get("iat"), claims.get("exp")
    if claims["type"] != "access" or not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return None
    now = int(time.time())
    lifetime = expires - issued
    if lifetime <= 0 or expires - now >= lifetime / 2:
        return None
    claimed = claims.get(_AUTH_TIME)
    signed_in = min(claimed, issued) if isinstance(claimed, int | float) else issued
    new_expiry = int(min(now + lifetime, signed_in + longest_session.total_seconds()))
    if new_expiry <= expires:
        return None

    owner = _owner(caller)
    bare = create_access_token(owner)
    payload = {name: value for name, value in claims.items() if name not in _OF_ONE_TOKEN}
    payload.update(jwt.decode(bare, options={"verify_signature": False}))
    payload.update({"fresh": claims["fresh"], _AUTH_TIME: signed_in, "exp": new_expiry})
    # Signed here and not by create_access_token(additional_claims=…), which writes them into the very dict that the
    # app's claims loader returned: where that is one for all, everybody would get this visitor's claims and expiry.
    key = current_app.extensions["flask-jwt-extended"]._encode_key_callback(owner)
    return jwt.encode(
        payload, key, config.algorithm, headers=jwt.get_unverified_header(bare), json_encoder=config.json_encoder
    )


def _owner(caller: Caller) -> Any:
    """Return what the app's identity and claims loaders expect: its user object where it looks users up."""
    from flask_jwt_extended import get_current_user

    try:
        return get_current_user()
    except RuntimeError:  # the app has no user_lookup_loader
        return caller.identity
