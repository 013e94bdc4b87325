"""The protected views: login and change of password."""

from flask import Blueprint, Response, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required

from flask_captcha_api import verify_captcha

from .accounts import SHORTEST_PASSWORD, Accounts
from .envelope import Result, envelope


def new_blueprint(accounts: Accounts) -> Blueprint:
    """Create the blueprint with the routes below ``/auth``."""
    blueprint = Blueprint("auth", __name__, url_prefix="/auth")

    @blueprint.post("/login")
    @verify_captcha("uuid", "code", source="login")
    def login() -> Response:
        account = _text("account")
        if not accounts.has_password(account, _text("password")):
            return envelope(Result.CREDENTIALS_WRONG)  # does not reveal which of the two
        token = create_access_token(account)
        response = envelope(Result.SUCCESS, {"jwt": token})
        response.headers["Authorization"] = f"Bearer {token}"
        return response

    # In this order, a request without a valid token is refused before its captcha is spent.
    @blueprint.post("/changePassword")
    @jwt_required()  # type: ignore[untyped-decorator]  # declared to return Any
    @verify_captcha("uuid", "code", source="password")
    def change_password() -> Response:
        new_password = _text("newPassword")
        if new_password != _text("confirmPassword"):
            return envelope(Result.PASSWORDS_DIFFER)
        if len(new_password) < SHORTEST_PASSWORD:
            return envelope(Result.PASSWORD_TOO_SHORT)
        # Not 401: the visitor is signed in.
        if not accounts.change_password(get_jwt_identity(), _text("password"), new_password):
            return envelope(Result.PASSWORD_WRONG)
        # Earlier tokens stay valid until they expire; a real app may want to revoke them here.
        return envelope(Result.SUCCESS)

    return blueprint


def set_error_handlers(jwt: JWTManager) -> None:
    """Make ``jwt_required`` answer missing, expired and invalid tokens with the envelope."""

    def sign_in_required(*_details: object) -> Response:
        return envelope(Result.SIGN_IN_REQUIRED)

    jwt.unauthorized_loader(sign_in_required)
    jwt.expired_token_loader(sign_in_required)
    jwt.invalid_token_loader(sign_in_required)


def _text(name: str) -> str:
    """Return a string from the JSON body, or an empty one if it is missing or not a string."""
    body = request.get_json(silent=True)
    value = body.get(name) if isinstance(body, dict) else None
    # JSON can contain half a surrogate pair, which cannot be encoded for hashing: it becomes a question mark.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
