"""The JWT side: whose request this is, and which token goes back.

Only the token in the Authorization header counts, whatever locations the app uses elsewhere. The app's own JWT
handlers are left alone: what goes wrong with a token is caught here. Flask-JWT-Extended is imported only where the app
has a JWTManager, so that an app without one does not pay for it.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from traceback import walk_tb
from typing import Any

from flask import current_app, request

from ..exceptions import SetupError, Unauthorized

_logger = logging.getLogger("flask_captcha_api")

#: Claims that a new token may lack by the app's settings, and then must not get from the old one.
_OF_ONE_TOKEN = frozenset({"nbf", "csrf", "aud", "iss"})
#: Characters, and parts between commas, of a header that can carry a token. What is longer is refused unread, as
#: reading takes time in proportion. Most servers allow about as much in one line, but join duplicate lines.
_LONGEST_HEADER = 8192
_MOST_PARTS = 20
#: Seconds by which ``exp - iat`` may differ from the app's setting, as tokens have whole seconds.
_ROUNDING = 2
#: When the visitor signed in: the claim of OpenID Connect Core, section 2.
_AUTH_TIME = "auth_time"


@dataclass(frozen=True)
class Caller:
    """Whose request it is: the identity in a verified token, with the token as it came."""

    identity: Any
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def caller_of_route(policy: str) -> Caller | None:
    """Return who sends a request to one of the package's routes, by a source's ``jwt`` setting; None if anonymous.

    :param policy: ``off``, ``optional`` or ``required``.
    :raises Unauthorized: no valid token where one is required, or one that is neither valid nor merely expired, or one
        of the app's callbacks raised.
    :raises SetupError: a token is required in an app without a JWTManager.
    """
    return _caller_by_policy(policy, _verified_caller)


def caller_of_page(policy: str) -> Caller | None:
    """Return the same for a view that renders the widget, and leave the state of the view's ``jwt_required`` alone."""
    return _caller_by_policy(policy, caller_by_header)


def caller_by_header() -> Caller | None:
    """Return whose request this is by the Authorization header alone; None without a token or with an expired one.

    Accepts the tokens that ``jwt_required()`` accepts, but does not look the user up. Unlike ``verify_jwt_in_request``
    it leaves the state of the app's own ``jwt_required`` alone.

    :raises Unauthorized: the token is neither valid nor merely expired, or one of the app's callbacks raised.
    """
    if not has_jwt_manager():
        return None

    import jwt
    from flask_jwt_extended import decode_token
    from flask_jwt_extended.config import config

    # Not documented, but what verify_jwt_in_request is made of.
    from flask_jwt_extended.internal_utils import (
        custom_verification_for_token,
        verify_token_not_blocklisted,
        verify_token_type,
    )

    try:
        with _unauthorized_on_errors():
            token = _token_in_header()
            if token is None:
                return None
            claims = decode_token(token)
            header = jwt.get_unverified_header(token)
            verify_token_type(claims, refresh=False)
            verify_token_not_blocklisted(header, claims)
            custom_verification_for_token(header, claims)
            return Caller(claims[config.identity_claim_key], token, claims)
    except jwt.ExpiredSignatureError:
        return None


def _caller_by_policy(policy: str, read: Callable[[], Caller | None]) -> Caller | None:
    if policy == "off":
        return None
    if policy == "required" and not has_jwt_manager():
        raise SetupError("CAPTCHA_JWT is 'required' and the app has no JWTManager: call JWTManager(app)")
    caller = read()
    if caller is None and policy == "required":
        raise Unauthorized
    return caller


def _verified_caller() -> Caller | None:
    """Return who the Authorization header says it is, once the app has looked the user up; None as above."""
    if not has_jwt_manager():
        return None

    import jwt
    from flask_jwt_extended import verify_jwt_in_request
    from flask_jwt_extended.config import config

    try:
        with _unauthorized_on_errors():
            token = _token_in_header()
            verified = verify_jwt_in_request(locations=["headers"]) if token else None
    except jwt.ExpiredSignatureError:
        return None
    if token is None or verified is None:
        return None
    claims = verified[1]
    return Caller(claims[config.identity_claim_key], token, claims)


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
    """Return whether the current app knows tokens."""
    return "flask-jwt-extended" in current_app.extensions


@contextmanager
def _unauthorized_on_errors() -> Iterator[None]:
    """Turn every exception but that for an expired token into Unauthorized.

    What neither Flask-JWT-Extended nor PyJWT raises on purpose is logged: usually one of the app's callbacks failed, at
    the sight of a foreign token perhaps. In one line, as anybody may cause it, and without the exception's message,
    which may quote the token.
    """
    import jwt
    from flask_jwt_extended.exceptions import JWTExtendedException

    try:
        yield
    except (Unauthorized, jwt.ExpiredSignatureError):
        raise
    except (JWTExtendedException, jwt.PyJWTError) as error:
        raise Unauthorized from error
    except Exception as error:
        *_, (frame, line) = walk_tb(error.__traceback__)
        where = f"{frame.f_code.co_filename}:{line}"
        _logger.error("a token was refused, as verifying it raised %s at %s", type(error).__name__, where)
        raise Unauthorized from error


def _token_in_header() -> str | None:
    """Return the token in the request's header as Flask-JWT-Extended reads it; None where the header holds none.

    :raises Unauthorized: the header is too long or malformed, or holds something for the scheme that Flask-JWT-Extended
        does not take for a token: another letter case, or two of them.
    """
    from flask_jwt_extended.config import config
    from flask_jwt_extended.exceptions import JWTExtendedException, NoAuthorizationError

    # Private. A reader of our own could see another token, or none, where the app's jwt_required sees one.
    from flask_jwt_extended.view_decorators import _decode_jwt_from_headers

    header = request.headers.get(config.header_name, "")
    if len(header) > _LONGEST_HEADER or header.count(",") >= _MOST_PARTS:
        raise Unauthorized
    try:
        return _decode_jwt_from_headers()[0]
    except NoAuthorizationError as error:
        scheme = (config.header_type or "").lower()
        if any(words[:1] == [scheme] for words in map(str.split, header.lower().split(","))):
            raise Unauthorized from error
        return None
    except (JWTExtendedException, IndexError) as error:  # IndexError: of a part that is blank
        raise Unauthorized from error


def _renewed(caller: Caller, longest_session: timedelta) -> str | None:
    """Return a successor of the caller's access token, or None.

    None while the token has half of its life left, at the end of the session, and for a token of another lifetime than
    the app's default: whoever made that one meant it to end. The successor is of the same session, with the same
    identity and custom claims, and never fresh, as nobody has typed a password. What the app's claims loader sets wins,
    so that a role that was taken away stays away. Revoking a token does not revoke its successors.
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
    claimed = claims.get(_AUTH_TIME)
    signed_in = min(claimed, issued) if isinstance(claimed, int | float) else issued
    new_expiry = int(min(now + lifetime, signed_in + longest_session.total_seconds()))
    if new_expiry <= expires:
        return None

    owner = _owner(caller)
    bare = create_access_token(owner)
    payload = {name: value for name, value in claims.items() if name not in _OF_ONE_TOKEN}
    payload.update(jwt.decode(bare, options={"verify_signature": False}))
    payload.update({"fresh": False, _AUTH_TIME: signed_in, "exp": new_expiry})
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
