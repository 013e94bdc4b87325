"""A field for Flask-WTF forms: validated by the same rules as the decorator, rendered as the widget.

Needs the extra ``wtf``. Nothing else of the package imports this module.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup
from wtforms import Field, FormField
from wtforms.validators import StopValidation

from .http.gateway import PROTECTED_VIEW, verify
from .http.languages import language_of_texts
from .http.results import Result, message_of
from .widget.field import captcha_field, form_asked_for

#: What a template may say of the widget; WTForms passes more, such as a class.
_OF_THE_WIDGET = frozenset({"lang", "id", "error", "nonce", "asks", "inputmode"})


class CaptchaField(Field):  # type: ignore[misc]  # WTForms publishes no types
    """A captcha in a form.

    Put it last, and guard the form's view by nothing else::

        class RegistrationForm(FlaskForm):
            account = StringField(validators=[DataRequired()])
            captcha = CaptchaField(source="register")

    ``{{ form.captcha() }}`` renders the widget, with its label and its error: the template need not show
    ``form.captcha.errors``.

    The outcome is remembered for as long as the form object lives, so validating twice spends nothing twice. A view
    that has ``verify_captcha`` too could never pass: the decorator spends the captcha that this field then looks for.

    Without JavaScript, a button of the field sends the form to ask for a sound or another picture. Such a form does not
    validate, and the fields before this one lose their errors, since the visitor has not finished it. This one has an
    error then, which the widget does not show, so that no view takes a form without errors for one that has passed.
    Shown again, the form has what was typed; WTForms leaves passwords out.

    :param label: not shown: the widget has its own, in the page's language.
    :param source: the source whose captchas count.
    :param lang: language tag of the errors and of the widget; None: CAPTCHA_LANGUAGE for the errors, and for the widget
        what :func:`captcha_field` says.
    """

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        *,
        source: str,
        lang: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(label, validators, **settings)
        self._source = source
        self._lang = lang
        self._uuids: list[str] = []
        self._texts: list[str] = []
        self._result: Result | None = None

    @property
    def uuid_name(self) -> str:
        """Return the name under which the form carries the captcha's id; the text goes under the field's own."""
        return f"{self.name}-uuid"

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take what the form has sent."""
        super().process(formdata, data, extra_filters)
        self._result = None
        self._uuids = formdata.getlist(self.uuid_name) if formdata is not None else []
        self._texts = formdata.getlist(self.name) if formdata is not None else []

    def validate(self, form: Any, extra_validators: Sequence[Any] = ()) -> bool:
        """Tell whether the captcha has been solved."""
        if form_asked_for(self.uuid_name):
            _clear_errors(form)
            self.errors = [self._message_of(Result.CAPTCHA_REQUIRED)]
            return False
        return bool(super().validate(form, extra_validators))

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - WTForms says which parameters there are
        """Verify the captcha, if that has not been done for this form.

        :raises StopValidation: it does not pass.
        """
        if self._result is None:
            self._result = verify(PROTECTED_VIEW, self._read, sources=(self._source,)).result
        if self._result is not Result.SUCCESS:
            raise StopValidation(self._message_of(self._result))

    def populate_obj(self, obj: Any, name: str) -> None:
        """Leave the object alone: a captcha is no property of anything."""

    def widget(self, field: "CaptchaField", **settings: Any) -> Markup:  # noqa: ARG002 - WTForms passes the field
        """Render the widget with a fresh captcha.

        :param settings: as for :func:`captcha_field`.
        """
        settings = {
            "lang": self._lang,
            "id": self.id,
            "error": self.errors[0] if self.errors else None,
            **{name: value for name, value in settings.items() if name in _OF_THE_WIDGET},
        }
        return captcha_field(self._source, uuid=self.uuid_name, text=self.name, **settings)

    def _read(self) -> tuple[object, object]:
        return _only(self._uuids), _only(self._texts)

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


def _only(values: Sequence[str]) -> str | None:
    """Return the one value; none, or several, are not the shape of anything."""
    return values[0] if len(values) == 1 else None
