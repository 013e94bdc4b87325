"""A captcha service for other apps, which speaks the protocol of reCAPTCHA.

An app of its own: ``flask --app flask_captcha_api.siteverify run``. Nothing else in the package imports it.
"""

from .app import create_app as create_app

__all__ = ["create_app"]
