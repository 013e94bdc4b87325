"""A captcha field for Flask-WTF forms. Needs the extra ``wtf``; the rest of the package does not import it."""

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

try:
    from wtforms import Field, FormField
    from wtforms.validators import StopValidation
except ImportError as error:
    raise ImportError("flask_captcha_api.wtf needs Flask-WTF: pip install 'flask_captcha_api[wtf]'") from error

from .http.gateway import PROTECTED_VIEW, verify
from .http.languages import language_of_texts
from .http.results import Result, message_of
from .widget.field import captcha_field, requested_form

#: Options that a template may pass on to the widget. WTForms adds others, such as ``class``.
_WIDGET_OPTIONS = frozenset({"lang", "id", "error", "nonce", "asks", "inputmode"})


class CaptchaField(Field):  # type: ignore[misc]  # WTForms publishes no types
    """A captcha in a form.

    Put it last, and do not use ``verify_captcha`` on the form's view as well::

        class RegistrationForm(FlaskForm):
            account = StringField(validators=[DataRequired()])
            captcha = CaptchaField(source="register")

    ``{{ form.captcha() }}`` renders the widget with its label and its error: the template need not show
    ``form.captcha.errors``.

    The form object keeps the outcome, so validating it again verifies nothing again. With ``verify_captcha`` on the
    view no form would ever validate: the decorator spends the captcha before this field can verify it.

    Without JavaScript, a button of the widget submits the form to get a sound or another picture. Such a form does not
    validate, and the errors of the fields before this one are cleared, since the visitor has not finished it. This
    field then has an error, which the widget does not show, so that no view takes a form without errors for one that
    passed. Rendered again, the form keeps what was typed, except passwords, which WTForms leaves out.

    :param label: not shown: the widget has its own, in the page's language.
    :param source: the source whose captchas are accepted.
    :param lang: language tag of the error and of the widget. None: CAPTCHA_LANGUAGE for the error; for the widget, see
        :func:`captcha_field`.
    """

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        *,
        source: str,
        lang: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(label, validators, **options)
        self._source = source
        self._lang = lang
        self._uuids: list[str] = []
        self._texts: list[str] = []
        self._result: Result | None = None

    @property
    def uuid_name(self) -> str:
        """Return the name of the form field with the captcha's id. The text has the name of this field."""
        return f"{self.name}-uuid"

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Read the submitted values."""
        super().process(formdata, data, extra_filters)
        self._result = None
        self._uuids = formdata.getlist(self.uuid_name) if formdata is not None else []
        self._texts = formdata.getlist(self.name) if formdata is not None else []

    def validate(self, form: Any, extra_validators: Sequence[Any] = ()) -> bool:
        """Return whether the captcha passes."""
        if requested_form(self.uuid_name):
            _clear_errors(form)
            self.errors = [self._message_of(Result.CAPTCHA_REQUIRED)]
            return False
        return bool(super().validate(form, extra_validators))

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - the signature is WTForms'
        """Verify the captcha, once for each form object.

        :raises StopValidation: the captcha does not pass.
        """
        if self._result is None:
            fields = _only_value(self._uuids), _only_value(self._texts)
            self._result = verify(PROTECTED_VIEW, lambda: fields, sources=(self._source,)).result
        if self._result is not Result.SUCCESS:
            raise StopValidation(self._message_of(self._result))

    def populate_obj(self, obj: Any, name: str) -> None:
        """Do nothing: a captcha is not part of the object."""

    def widget(self, field: "CaptchaField", **options: Any) -> Markup:  # noqa: ARG002 - WTForms passes the field
        """Render the widget with a new captcha.

        :param options: those of :func:`captcha_field`.
        """
        options = {
            "lang": self._lang,
            "id": self.id,
            "error": self.errors[0] if self.errors else None,
            **{name: value for name, value in options.items() if name in _WIDGET_OPTIONS},
        }
        return captcha_field(self._source, uuid=self.uuid_name, text=self.name, **options)

    def _message_of(self, result: Result) -> str:
        return message_of(result, language_of_texts(self._lang))


def _clear_errors(fields: Iterable[Any]) -> None:
    """Clear the errors of fields, and of those that they hold, whose errors some of them show as their own."""
    for field in fields:
        if isinstance(field, FormField):
            _clear_errors(field.form)
        else:
            _clear_errors(getattr(field, "entries", ()))  # of a FieldList
            field.errors = []


def _only_value(values: Sequence[str]) -> str | None:
    """Return the value if there is exactly one; a field given twice counts as missing."""
    return values[0] if len(values) == 1 else None
