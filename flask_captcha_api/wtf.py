"""A captcha field for Flask-WTF forms. Needs the extra ``wtf``; the rest of the package does not import it."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

try:
    from wtforms import Field, FormField
    from wtforms.fields import Label
    from wtforms.validators import StopValidation
except ImportError as _error:
    raise ImportError("flask_captcha_api.wtf needs Flask-WTF: pip install 'flask_captcha_api[wtf]'") from _error

from .captchas import KeptCaptcha
from .exceptions import SetupError, StoreUnavailable
from .http.conditions import Condition, check_condition, holds, would_hold
from .http.fields import requested_form
from .http.gateway import PROTECTED_VIEW, VerifiedCaptcha, check_keeps, verify
from .http.languages import catalogue_of_texts
from .http.results import Result, message_of
from .widget.field import OWN_ATTRIBUTES, captcha_field

#: Options that a template may pass to the widget. Everything else is an HTML attribute, such as ``class``.
_WIDGET_OPTIONS = frozenset({"lang", "id", "error", "nonce", "asks", "inputmode", "lazy"})
#: The option names for the HTML attribute ``class``.
_CLASS = frozenset({"class", "class_"})


class CaptchaWidget:
    """Renders a CaptchaField."""

    #: What macros look at to choose a layout.
    input_type = "text"

    def __call__(self, field: "CaptchaField", **options: Any) -> Markup:
        """Render the widget with a new captcha; nothing if ``unless`` says that none is needed.

        :param options: those of :func:`captcha_field`, and HTML attributes of the element. Attributes that the widget
            sets itself are ignored: macros pass ``required`` to every field.
        """
        return field.render(options)


class CaptchaField(Field):  # type: ignore[misc]  # WTForms publishes no types
    """A captcha in a form.

    ::

        class RegistrationForm(FlaskForm):
            account = StringField(validators=[DataRequired()])
            captcha = CaptchaField(source="register")

    ``{{ form.captcha() }}`` renders the widget with its label and its error: the template need not show
    ``form.captcha.errors``.

    Do not use ``verify_captcha`` on the form's view as well: no form would ever validate, because the decorator spends
    the captcha before this field can verify it. The form object keeps the outcome, so validating it again does not
    verify the captcha again.

    Without JavaScript, the widget's buttons submit the form to get a sound or another picture. That form does not
    validate, and its other fields are not validated, since the visitor has not finished it. This field then has an
    error, so that no view mistakes the form for one that passed; the widget does not show it. Rendered again, the form
    keeps what was typed, except passwords, which WTForms leaves out.

    :param label: not shown: the widget has its own, in the page's language.
    :param source: the source whose captchas are accepted.
    :param lang: language of the error and of the widget: a tag or a locale. None: CAPTCHA_LANGUAGE for the error; for
        the widget, see :func:`captcha_field`.
    :param unless: as in :func:`verify_captcha`: a function that returns True if the request needs no captcha. The
        field then passes and spends nothing; while the function returns True, it renders as nothing.
    :param in_macro: for templates whose macros show the label and the errors of every field. Both would appear twice,
        so the field's label and errors render as nothing, and only the widget shows them. The class that a macro
        passes is meant for a text field, so it is dropped; ``render_kw`` may have one.
    :param before_others: verify the captcha before any other field of the form is validated, and validate those only
        if it passes. A bot then cannot learn from the other fields' errors which accounts exist. Fields of an
        enclosing form are not affected.
    :param keeps: how many times in a row, 0 to 9, a solved captcha is kept if the form has to be shown again because
        another of its fields has an error. The visitor then sees a tick and need not solve another before the captcha
        expires; see :meth:`VerifiedCaptcha.keep`. Never use this in a login form, or any form that checks a password
        or a code in its validators or its view: each captcha would allow that many more guesses. Errors of an
        enclosing form do not count.
    :raises TypeError: ``unless`` is not callable.
    :raises ValueError: ``keeps`` is not a whole number from 0 to 9.
    """

    widget: CaptchaWidget = CaptchaWidget()
    label: Label
    errors: Sequence[str]

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        *,
        source: str,
        lang: object = None,
        unless: Condition | None = None,
        in_macro: bool = False,
        before_others: bool = False,
        keeps: int = 0,
        **options: Any,
    ) -> None:
        check_condition(unless)
        check_keeps(keeps)
        super().__init__(label, validators, **options)
        self._source = source
        self._lang = lang
        self._unless = unless
        self._in_macro = in_macro
        self._before_others = before_others
        self._keeps = keeps
        self._uuids: list[str] = []
        self._texts: list[str] = []
        self._result: Result | None = None
        self._verified = VerifiedCaptcha()
        self.errors: list[str] = []
        if in_macro:
            self.label = _NoLabel(self.id, _ShownByWidget(self.label.text))
        self._form = form = options.get("_form")
        if form is not None:  # shadows the method, as no field can make its form validate it first
            form.validate = partial(self._validate_form, form, form.validate)

    @property
    def uuid_name(self) -> str:
        """Return the name of the form field with the captcha's id. The text is sent under this field's own name."""
        return f"{self.name}-uuid"

    def process(self, formdata: Any, data: Any = None, extra_filters: Sequence[Any] | None = None) -> None:
        """Read the submitted values."""
        super().process(formdata, data, extra_filters=extra_filters)
        self._result = None
        self._verified = VerifiedCaptcha()
        self._uuids = formdata.getlist(self.uuid_name) if formdata is not None else []
        self._texts = formdata.getlist(self.name) if formdata is not None else []

    def validate(self, form: Any, extra_validators: Sequence[Any] = ()) -> bool:
        """Return whether the captcha passes."""
        if requested_form(self.uuid_name):
            self.errors = [self._message_of(Result.CAPTCHA_REQUIRED)]
            passed = False
        else:
            passed = bool(super().validate(form, extra_validators))
        if self._in_macro:
            self.errors = list(map(_ShownByWidget, self.errors))
        return passed

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - the signature is WTForms'
        """Verify the captcha, once for each form object.

        :raises StopValidation: the captcha does not pass.
        """
        if self._result is None:
            fields = _only_value(self._uuids), _only_value(self._texts)
            unless = None if self._unless is None else partial(holds, self._unless)
            reply = verify(PROTECTED_VIEW, lambda: fields, sources=(self._source,), unless=unless)
            self._result, self._verified = reply.result, reply.verified
        if self._result is not Result.SUCCESS:
            raise StopValidation(self._message_of(self._result))

    def populate_obj(self, obj: Any, name: str) -> None:
        """Do nothing: a captcha is not part of the object."""

    def render(self, options: dict[str, Any]) -> Markup:
        """Render the widget, as described at :class:`CaptchaWidget`."""
        if self._is_unneeded():
            return Markup("")
        if self._in_macro:  # Bootstrap 4's form-control, for one, would make the widget one line high
            classes = [value for name, value in (self.render_kw or {}).items() if name in _CLASS]
            options = {name: value for name, value in options.items() if name not in _CLASS}
            options["class"] = classes[0] if classes else None
        attributes = {
            _attribute(name): value
            for name, value in options.items()
            if name not in _WIDGET_OPTIONS and _attribute(name) not in OWN_ATTRIBUTES
        }
        widget_options = {
            "lang": self._lang,
            "id": self.id,
            "error": str(self.errors[0]) if self.errors else None,
            "kept": self._keep(),
            **{name: value for name, value in options.items() if name in _WIDGET_OPTIONS},
        }
        return captcha_field(self._source, uuid=self.uuid_name, text=self.name, attributes=attributes, **widget_options)

    def _validate_form(self, form: Any, validate: Callable[..., bool], *args: Any, **options: Any) -> bool:
        """Validate a form, but not its other fields if the captcha comes first and does not pass."""
        comes_first = self._before_others or requested_form(self.uuid_name) is not None
        is_in_form = any(field is self for field in form)  # the app may have deleted it
        if comes_first and is_in_form and not self.validate(form):
            errors = self.errors
            _clear_errors(form)
            self.errors = errors
            return False
        return validate(*args, **options)

    def _keep(self) -> KeptCaptcha | None:
        """Keep the captcha if only other fields have errors. A form without errors needs none."""
        if self._form is None or not self._form.errors or self.errors:
            return None
        return self._verified.keep(self._keeps)

    def _is_unneeded(self) -> bool:
        try:
            return self._unless is not None and would_hold(self._unless)
        except (SetupError, StoreUnavailable):  # verification will not let the request through either
            return False

    def _message_of(self, result: Result) -> str:
        return message_of(result, catalogue_of_texts(self._lang))


class _NoLabel(Label):  # type: ignore[misc]  # WTForms publishes no types
    """A label that renders as nothing."""

    def __call__(self, *_: Any, **__: Any) -> Markup:
        return Markup("")


class _ShownByWidget(str):
    """A label or a message that renders as nothing in a template, and is text elsewhere."""

    __slots__ = ()

    def __html__(self) -> str:
        return ""


def _attribute(name: str) -> str:
    """Return the HTML attribute for a keyword argument, as WTForms' own widgets name it."""
    return name.replace("_", "-").lower() if name.startswith(("data_", "aria_")) else name.lower()


def _clear_errors(fields: Iterable[Any]) -> None:
    """Clear the errors of fields and of the fields inside them, whose errors some of them show as their own."""
    for field in fields:
        if isinstance(field, FormField):
            _clear_errors(field.form)
        else:
            _clear_errors(getattr(field, "entries", ()))  # of a FieldList
            field.errors = []


def _only_value(values: Sequence[str]) -> str | None:
    """Return the value if there is exactly one; a field given twice counts as missing."""
    return values[0] if len(values) == 1 else None
