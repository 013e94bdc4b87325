"""A Django site with a form that has django-recaptcha's field, for gunicorn: ``django_site:site``."""

import os
from typing import Any

from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_recaptcha"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="the site's own",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    RECAPTCHA_DOMAIN=os.environ["SITE_SERVICE"],
    RECAPTCHA_PUBLIC_KEY="shop",
    RECAPTCHA_PRIVATE_KEY=os.environ["SITE_SECRET"],
)
site = get_wsgi_application()

from django_recaptcha.fields import ReCaptchaField  # noqa: E402 - it needs the settings
from django_recaptcha.widgets import ReCaptchaV2Checkbox  # noqa: E402


class Registration(forms.Form):  # type: ignore[misc]  # Django publishes no types
    """What django-recaptcha's documentation shows."""

    name = forms.CharField()
    captcha = ReCaptchaField(widget=ReCaptchaV2Checkbox(api_params={"hl": "en"}))


def register(request: HttpRequest) -> Any:
    """Show the form, and receive it."""
    form = Registration(request.POST or None)
    if form.is_valid():
        return HttpResponse("registered " + form.cleaned_data["name"])
    template = engines["django"].from_string('<form method="post">{% csrf_token %}{{ form }}</form>')
    return HttpResponse(template.render({"form": form}, request))


urlpatterns = [path("register", register)]
