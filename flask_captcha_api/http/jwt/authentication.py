"""Authenticates the client of the current request by its JWT.

Only a token in the Authorization header counts, whatever locations the app uses elsewhere. Errors are caught here, so
the app's JWT error handlers are never called. Flask-JWT-Extended is imported lazily: apps without a JWTManager do not
pay for it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

from flask import current_app, request

from ...exceptions import SetupError, Unauthorized

_logger = logging.getLogger("flask_captcha_api")

#: Maximum characters of a header with a token, and parts between commas. Longer ones are refused unread, as reading
#: takes time in proportion. Most servers have about the same limit for one line, but join duplicate lines.
_LONGEST_HEADER = 8192
_MOST_PARTS = 20


@dataclass(frozen=True)
class Caller:
    """An authenticated client: the identity in a verified token, and the token itself."""

    identity: Any
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def caller_of_route(policy: str) -> Caller | None:
    """Return the client of the current request by a source's ``jwt`` setting; None if it is anonymous.

    :param policy: ``off``, ``optional`` or ``required``.
    :raises Unauthorized: a required token is missing or expired, a token is invalid for a reason other than expiry, or
        one of the app's callbacks raised.
    :raises SetupError: a token is required in an app without a JWTManager.
    """
    return _caller_by_policy(policy, _verified_caller)


def caller_of_page(policy: str) -> Caller | None:
    """Return the same for a view that renders the widget, without overwriting the state of its ``jwt_required``."""
    return _caller_by_policy(policy, caller_by_header)


def caller_of_view(_: str) -> Caller | None:
    """Return the client of a protected view, which ignores the source's ``jwt`` setting."""
    return caller_by_header()


def caller_of_site(_: str) -> None:
    """Return None: a site's server authenticates by its secret, and verifies only anonymous captchas."""


def caller_by_header() -> Caller | None:
    """Return the client of the current request by its token alone; None if it has none, or an expired one.

    Accepts the tokens that ``jwt_required()`` accepts, but does not load the user. Unlike ``verify_jwt_in_request``, it
    does not overwrite the state of the app's ``jwt_required``.

    :raises Unauthorized: the token is invalid for a reason other than expiry, or one of the app's callbacks raised.
    """
    if not has_jwt_manager():
        return None

    import jwt
    from flask_jwt_extended import decode_token
    from flask_jwt_extended.config import config

    # Undocumented, but what verify_jwt_in_request consists of.
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
    """Return the client as :func:`caller_by_header` does, and let the app load the user."""
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


def token_header() -> tuple[str, str] | None:
    """Return the name of the header that carries tokens, and the scheme before the token; None without a JWTManager."""
    if not has_jwt_manager():
        return None

    from flask_jwt_extended.config import config

    return config.header_name, config.header_type


def has_jwt_manager() -> bool:
    """Return whether the current app has a JWTManager."""
    return "flask-jwt-extended" in current_app.extensions


def accepts_header_tokens() -> bool:
    """Return whether the current app, which has a JWTManager, itself accepts tokens in a header."""
    from flask_jwt_extended.config import config

    return bool(config.jwt_in_headers)


def refuse_identity_of_no_token(identity: Any) -> None:
    """Refuse an identity that no token of the current app can carry, as a captcha bound to it would never pass.

    :raises ValueError: the app has a JWTManager whose tokens carry the identity as text, and this is not text.
    """
    if identity is None or isinstance(identity, str) or not has_jwt_manager():
        return

    from flask_jwt_extended.config import config

    if config.identity_claim_key == "sub" and config.verify_sub:  # PyJWT accepts only text there
        raise ValueError(
            f"identity is of type {type(identity).__name__}: in an app with a JWTManager it must be text, as in its "
            "tokens, such as str(user.id)"
        )


@contextmanager
def _unauthorized_on_errors() -> Iterator[None]:
    """Turn every exception except that of an expired token into Unauthorized.

    An exception from neither Flask-JWT-Extended nor PyJWT usually comes from one of the app's callbacks, and is logged:
    in one line, because any client can cause it, and without its message, which may quote the token.
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
        _logger.error("a token was refused because verifying it raised %s at %s", type(error).__name__, where)
        raise Unauthorized from error


def _token_in_header() -> str | None:
    """Return the token in the request's header as Flask-JWT-Extended reads it; None if there is none.

    :raises Unauthorized: the header is too long or malformed, or has the scheme and yet nothing that
        Flask-JWT-Extended reads as a token: the scheme in another letter case, or two tokens.
    """
    from flask_jwt_extended.config import config
    from flask_jwt_extended.exceptions import JWTExtendedException, NoAuthorizationError

    # Private, but another parser might find a different token than the app's jwt_required, or none.
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
    except (JWTExtendedException, IndexError) as error:  # IndexError: a part is blank
        raise Unauthorized from error
