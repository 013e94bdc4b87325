"""The widget: the element's files, and the field that a template puts into a form."""

from .field import captcha_field as captcha_field
