"""The tables of response headers. What is sent, exposed to other origins and documented is made from them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import Headers

from ..captchas import Captcha
from ..challenges.sources import MOST_KEPT, Source
from ..rendering import FORMS

#: Headers, in lower case, that could make a cache store a response.
_STORAGE_HEADERS = frozenset({"etag", "expires", "last-modified", "surrogate-control", "x-accel-expires"})


@dataclass(frozen=True, eq=False)
class Header:
    """A header of a result, with its OpenAPI schema."""

    name: str
    description: str
    schema: Mapping[str, Any]


RETRY_AFTER = Header("Retry-After", "Seconds to wait.", {"type": "integer", "minimum": 0})
WWW_AUTHENTICATE = Header("WWW-Authenticate", "How to authenticate.", {"const": "Bearer"})
ALLOW = Header("Allow", "The methods that the path supports.", {"type": "string"})


@dataclass(frozen=True, eq=False)
class CaptchaHeader:
    """A header that describes an issued captcha.

    :ivar description: sentences in Markdown, for the OpenAPI description and the reference.
    :ivar values: given a source and the name of a form, returns what the header may be: strings, or whole numbers. One,
        unless there is ``of_captcha``. If there are none, the response has no such header.
    :ivar of_captcha: returns which of several values a captcha has. A response to HEAD, which issues no captcha, then
        lacks the header.
    :ivar needs_prompt: whether only forms with a prompt have it.
    :ivar is_in_page: whether a page with the widget has it too, as an attribute of the element.
    """

    name: str
    description: str
    values: Callable[[Source, str], Collection[str | int]]
    of_captcha: Callable[[Captcha], str] | None = None
    needs_prompt: bool = True
    is_in_page: bool = False

    @property
    def attribute(self) -> str:
        """Return the HTML attribute of the widget's element with the same value, such as ``data-kind``."""
        return self.name.lower().replace("captcha-", "data-")

    def values_in(self, source: Source, form: str) -> Collection[str | int]:
        """Return what the header may be for a source's captchas of a form; empty if they lack it."""
        return self.values(source, form) if FORMS[form].has_prompt or not self.needs_prompt else ()


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _joined(words: Collection[str]) -> Collection[str]:
    return (" ".join(words),) if words else ()


#: In the order in which they are listed.
CAPTCHA_HEADERS: tuple[CaptchaHeader, ...] = (
    CaptchaHeader(
        "Captcha-Expires-In",
        "Seconds until it expires.",
        lambda source, _: (source.settings.ttl,),
        needs_prompt=False,
        is_in_page=True,
    ),
    CaptchaHeader(
        "Captcha-Kind",
        "The kind of challenge: `digits`, `letters`, `arithmetic`, or one that the app adds.",
        lambda source, _: (source.settings.kind,),
        is_in_page=True,
    ),
    CaptchaHeader(
        "Captcha-Length",
        "The number of characters of the answer. Absent if it varies, as for arithmetic.",
        lambda source, _: () if source.answer_length is None else (source.answer_length,),
        is_in_page=True,
    ),
    CaptchaHeader(
        "Captcha-Media-Type",
        "The media type of the encoded data, such as `image/jpeg`; for pictures as `CAPTCHA_FORMAT` says.",
        lambda source, form: (FORMS[form].media_type(source.settings),),
    ),
    CaptchaHeader(
        "Captcha-Audio",
        "`yes` if the captcha is also available as a sound, else `no`.",
        lambda source, form: ("yes",) if form == "audio" else ("no", "yes") if source.may_have_sound else ("no",),
        of_captcha=lambda captcha: _yes_or_no(captcha.has_sound),
    ),
    CaptchaHeader(
        "Captcha-Work",
        "`yes` if the source also has captchas that are work alone, else `no`.",
        lambda source, _: (_yes_or_no(FORMS["work"].is_offered(source)),),
    ),
    CaptchaHeader(
        "Captcha-Hints",
        "What to tell visitors about the answer: keys of the texts of `widget`, such as `length case`. Absent if there "
        "is nothing to tell.",
        lambda source, form: _joined(source.hints(FORMS[form].folding(source))),
        is_in_page=True,
    ),
)
#: Names of the headers that scripts of other origins may read.
EXPOSED_HEADERS: tuple[str, ...] = (*(each.name for each in CAPTCHA_HEADERS), RETRY_AFTER.name)


def headers_of(captcha: Captcha | None, source: Source, form: str) -> dict[str, str]:
    """Return the headers that describe a captcha of a source.

    :param captcha: None if none was issued, because only headers were asked for.
    :param form: a key of ``FORMS``.
    """
    headers = {**_headers_of_source(source, form)}
    for each in CAPTCHA_HEADERS:
        if each.of_captcha and captcha and each.values_in(source, form):
            headers[each.name] = each.of_captcha(captcha)
    return headers


@lru_cache(maxsize=MOST_KEPT)
def _headers_of_source(source: Source, form: str) -> Mapping[str, str]:
    """Return the headers that are the same for all captchas of a form."""
    headers = {}
    for each in CAPTCHA_HEADERS:
        values = each.values_in(source, form)
        if values and each.of_captcha is None:
            (headers[each.name],) = map(str, values)
    return headers


def attributes_of(captcha: Captcha | None, source: Source, form: str) -> dict[str, str]:
    """Return the attributes that tell the widget's script about a captcha in the page, as headers would.

    :param captcha: None if it is yet to be requested. The attributes then say what will be asked for.
    """
    headers = headers_of(captcha, source, form)
    in_page = [each for each in CAPTCHA_HEADERS if each.is_in_page and (captcha or each.needs_prompt)]
    return {each.attribute: headers[each.name] for each in in_page if each.name in headers}


def forbid_storing(headers: Headers) -> None:
    """Set ``Cache-Control: no-store`` and remove the headers that could override it.

    A targeted ``…-Cache-Control`` (RFC 9213), ``Surrogate-Control`` (Varnish, Fastly) and ``X-Accel-Expires`` (nginx)
    take precedence over ``Cache-Control``. Validators are removed because they are useless without a stored response.
    """
    policies = []
    for name, value in list(headers):
        lower = name.lower()
        if lower == "cache-control":
            policies.append(value)
        elif lower in _STORAGE_HEADERS or lower.endswith("-cache-control"):
            headers.remove(name)
    if policies != ["no-store"]:
        headers["Cache-Control"] = "no-store"
