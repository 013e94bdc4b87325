"""The widget: the function that renders it in a template, and its script and style sheet."""

from .field import captcha_field as captcha_field
