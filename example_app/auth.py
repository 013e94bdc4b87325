"""The routes that a captcha guards: signing in, and changing the password."""

from flask import Blueprint, Response, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required

from flask_captcha_api import verify_captcha

from .accounts import SHORTEST_PASSWORD, Accounts
from .envelope import Result, envelope


def new_blueprint(accounts: Accounts) -> Blueprint:
    """Make the blueprint with the routes below ``/auth``."""
    blueprint = Blueprint("auth", __name__, url_prefix="/auth")

    @blueprint.post("/login")
    @verify_captcha("uuid", "code", source="login")
    def login() -> Response:
        account = _text("account")
        if not accounts.has_password(account, _text("password")):
            return envelope(Result.CREDENTIALS_WRONG)  # never which of the two
        token = create_access_token(account)
        told = envelope(Result.SUCCESS, {"jwt": token})
        told.headers["Authorization"] = f"Bearer {token}"
        return told

    # In this order: a request without a valid token ends before its captcha is looked at, and spends nothing.
    @blueprint.post("/changePassword")
    @jwt_required()  # type: ignore[untyped-decorator]  # it is declared to return Any
    @verify_captcha("uuid", "code", source="password")
    def change_password() -> Response:
        new_password = _text("newPassword")
        if new_password != _text("confirmPassword"):
            return envelope(Result.PASSWORDS_DIFFER)
        if len(new_password) < SHORTEST_PASSWORD:
            return envelope(Result.PASSWORD_TOO_SHORT)
        # Not 401: the visitor is signed in all the same.
        if not accounts.change_password(get_jwt_identity(), _text("password"), new_password):
            return envelope(Result.PASSWORD_WRONG)
        # Tokens given out before stay valid until they expire; a real app may want to revoke them here.
        return envelope(Result.SUCCESS)

    return blueprint


def tell_failures_in_envelope(jwt: JWTManager) -> None:
    """Have ``jwt_required`` answer a token that is missing, expired or invalid as the rest of the app answers."""

    def sign_in_required(*_details: object) -> Response:
        return envelope(Result.SIGN_IN_REQUIRED)

    jwt.unauthorized_loader(sign_in_required)
    jwt.expired_token_loader(sign_in_required)
    jwt.invalid_token_loader(sign_in_required)


def _text(name: str) -> str:
    """Return a text of the JSON body; one that is missing, or is no text, is an empty one."""
    body = request.get_json(silent=True)
    value = body.get(name) if isinstance(body, dict) else None
    # JSON can carry half a surrogate pair, which no password hash can encode: it becomes a question mark.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
