"""Builds the OpenAPI description of the routes from the tables that the routes use."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from ...captchas import UUID
from ...challenges.folding import LONGEST_ANSWER, LONGEST_TEXT, SOLUTION_DIGITS
from ...challenges.kinds import Kind
from ...challenges.sources import Source
from ...rendering import FORMS
from ...settings.config import RESERVED_NAMES, SOURCE_NAME, CaptchaConfig, Theme
from ...translations import Catalogue
from ..fields import FORM_TYPES, LARGEST_BODY, LARGEST_FORM, MOST_FIELDS, TEXT_NAMES, UUID_NAMES
from ..headers import CAPTCHA_HEADERS
from ..results import Result
from .results import Json, by_status, envelope, error_components, error_response, header, response

FILE_NAME = "openapi.json"

#: The version of the API, not of the package.
_VERSION = "1"
_ABOUT = (
    "Issues and verifies captchas. Every response is an envelope: `code` and `stringCode` name the result, and "
    "`message` is a sentence for the visitor. Methods that are not described here get 01008, and other paths 01004. "
    "OPTIONS lists the methods of a path."
)

_UUID: Json = {"type": "string", "pattern": f"^{UUID.pattern}$", "description": "The captcha's id."}
# Patterns are ECMAScript regular expressions, which have no class for control and format characters. Those above U+FFFF
# are left out: without the flag "u", ECMAScript sees two characters in each.
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_FORMAT = (
    r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    r"\u2066-\u206f\ufeff\ufff9-\ufffb"
)
_TEXT: Json = {
    "type": "string",
    "maxLength": LONGEST_ANSWER,
    "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}{_FORMAT}][^{_CONTROL}]*$",
    "description": (
        "What the visitor typed. Differences that a reader would not see are ignored; without white space and format "
        f"characters it must still have 1 to {LONGEST_ANSWER} characters."
    ),
}

#: The same with the solution of a puzzle.
_TEXT_WITH_WORK: Json = {
    "type": "string",
    "maxLength": LONGEST_TEXT,
    "pattern": _TEXT["pattern"].removesuffix("$") + rf"\.[0-9a-f]{{{SOLUTION_DIGITS}}}$",
    "description": "What the visitor typed, a dot, and what the device worked out.",
}

_THEME: Json = {
    "name": "theme",
    "in": "query",
    "description": "The page's theme, for sources that leave it to the client. Any other value counts as missing.",
    "schema": {"type": "string"},
    "examples": {theme: {"value": theme} for theme in get_args(Theme)},
}

#: The name of the security scheme, and the header and scheme of tokens by default.
_SCHEME = "token"
_BEARER = ("Authorization", "Bearer")


def describe(
    config: CaptchaConfig,
    kinds: Mapping[str, Kind],
    *,
    catalogues: Sequence[Catalogue],
    server: str,
    token_header: tuple[str, str] | None,
) -> Json:
    """Describe the routes of an app in OpenAPI 3.1.

    :param kinds: the kinds that a source can have, by name.
    :param catalogues: the texts of the languages that the messages may be in, or of some of them as examples.
    :param server: the URL at which the routes are mounted.
    :param token_header: the name of the header that carries tokens, and the scheme before the token. None: the app has
        no tokens.
    """
    with_form = {form: _Sources(config, kinds, form, token_header) for form in FORMS}
    paths: Json = {}
    for form, sources in with_form.items():
        if sources.settings:
            paths[f"/{{source}}{FORMS[form].path}"] = {
                "parameters": [sources.path_parameter()],
                "get": _issue(form, sources, config, catalogues, has_body=True),
                "head": _issue(form, sources, config, catalogues, has_body=False),
            }
    every_source = with_form["image"]
    paths["/{source}"]["post"] = _verify(every_source, config, catalogues)
    components = error_components(catalogues)
    if every_source.security:
        components["securitySchemes"] = {_SCHEME: _security_scheme(*every_source.token_header)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Captcha", "version": _VERSION, "description": _ABOUT},
        "servers": [{"url": server}],
        "paths": paths,
        "components": components,
    }


class _Sources:
    """The sources that have captchas of one form, and their JWT policies."""

    def __init__(
        self, config: CaptchaConfig, kinds: Mapping[str, Kind], form: str, token_header: tuple[str, str] | None
    ) -> None:
        known = {"": config.defaults} if config.sources is None else config.sources
        every = [Source(name, settings, kinds[settings.kind]) for name, settings in known.items()]
        self.all = [each for each in every if FORMS[form].is_offered(each)]
        self.names = None if config.sources is None else [each.name for each in self.all]
        self.settings = [each.settings for each in self.all]
        self.token_header = token_header or _BEARER
        policies = {each.jwt for each in self.settings}
        if token_header is None:  # in an app without tokens, optional is off
            policies -= {"optional"}
        self.may_send_token = bool(policies - {"off"})
        self.must_send_token = {each.jwt for each in self.settings} == {"required"}

    @property
    def security(self) -> list[Json]:
        """Return the ``security`` of an operation; empty if tokens are ignored."""
        if self.must_send_token:
            return [{_SCHEME: []}]
        return [{}, {_SCHEME: []}] if self.may_send_token else []

    def path_parameter(self) -> Json:
        """Describe the path parameter."""
        if self.names is None:
            schema: Json = {"pattern": f"^{SOURCE_NAME.pattern}$", "not": {"enum": sorted(RESERVED_NAMES)}}
        else:
            schema = {"enum": self.names}
        return {
            "name": "source",
            "in": "path",
            "required": True,
            "description": "The source that the captcha is for.",
            "schema": {"type": "string", **schema},
        }


def _issue(
    form: str, sources: _Sources, config: CaptchaConfig, catalogues: Sequence[Catalogue], *, has_body: bool
) -> Json:
    """Describe GET or, without a body, HEAD."""
    thing, settings = FORMS[form].noun, sources.settings
    media_types = {FORMS[form].media_type(each) for each in settings}
    headers = _captcha_headers(form, sources.all, has_body=has_body)
    if sources.may_send_token:
        name, scheme = sources.token_header
        about = "The token to send from now on: the same one, or its successor."
        token_schema = {"type": "string", **({"pattern": f"^{scheme} "} if scheme else {})}
        headers[name] = header(about, token_schema, required=sources.must_send_token)
    members: Json = {"uuid": _UUID}
    if FORMS[form].has_prompt:
        members[form] = {
            "type": "string",
            "contentEncoding": "base64",
            **({"contentMediaType": next(iter(media_types))} if len(media_types) == 1 else {}),
            "description": f"The {thing}, in Base64 without a `data:` prefix.",
        }
    required, work = list(members), {FORMS[form].squarings(each) for each in settings}
    if work - {None}:
        members["work"] = _puzzle(sorted(number for number in work if number))
        required += [] if None in work else ["work"]
    captcha = {"type": "object", "required": required, "properties": members, "additionalProperties": False}
    body = envelope(Result.SUCCESS, captcha, catalogues) if has_body else None
    has_theme = FORMS[form].has_theme and any(each.theme == "auto" for each in settings)
    return _operation(
        ("get" if has_body else "head") + form.capitalize(),
        f"Issue a captcha as a {thing}" if has_body else f"Return the headers of a {thing} and issue none",
        description=None if FORMS[form].has_language else _about_query(has_theme),
        sources=sources,
        parameters=[*([_THEME] if has_theme else []), *_language_parameters(form, config, catalogues)],
        success=response([Result.SUCCESS], body, headers=headers),
        operation="issue",
        has_body=has_body,
    )


def _about_query(has_theme: bool) -> str:
    return f"The query string is a cache-buster and is not read{', except for `theme`' if has_theme else ''}."


def _captcha_headers(form: str, sources: Collection[Source], *, has_body: bool) -> Json:
    """Describe the headers of a captcha. One that some of the sources lack is optional."""
    described = {}
    for each in CAPTCHA_HEADERS:
        of_sources = [set(each.values_in(source, form)) for source in sources]
        if any(of_sources) and (has_body or each.of_captcha is None):
            values = set.union(*of_sources)
            schema = _one_of("integer" if all(isinstance(value, int) for value in values) else "string", values)
            described[each.name] = header(each.description, schema, required=all(of_sources))
    return described


def _puzzle(squarings: list[int]) -> Json:
    """Describe the member ``work``."""
    number: Json = {"type": "string", "pattern": "^[1-9a-f][0-9a-f]*$"}
    return {
        "type": "object",
        "required": ["modulus", "base", "squarings"],
        "properties": {
            "modulus": {**number, "description": "In hexadecimal."},
            "base": {**number, "description": "In hexadecimal."},
            "squarings": _one_of("integer", squarings),
        },
        "additionalProperties": False,
        "description": (
            "What the client works out: the last 16 hexadecimal digits, lower case and with leading zeros, of "
            "`base ^ (2 ^ squarings) mod modulus`. They are the text to send; if there is a picture or a sound, they "
            "follow what was read or heard and a dot."
        ),
    }


def _verify(sources: _Sources, config: CaptchaConfig, catalogues: Sequence[Catalogue]) -> Json:
    (uuid, uuid_alias), (text, text_alias) = UUID_NAMES, TEXT_NAMES
    text_schema = {"anyOf": [_TEXT, _TEXT_WITH_WORK]} if config.squarings else _TEXT
    fields = {"type": "object", "required": [uuid, text], "properties": {uuid: _UUID, text: text_schema}}
    return _operation(
        "verify",
        "Verify a captcha and spend it",
        description=(
            "For servers, which forward the visitor's token; browsers send the captcha to the protected route itself. "
            f"`{uuid_alias}` is read if `{uuid}` is missing, and `{text_alias}` if `{text}` is. A field given twice in "
            f"a form counts as missing. No form of more than {LARGEST_FORM:,} bytes or {MOST_FIELDS} fields is read, "
            f"and no body of more than {LARGEST_BODY:,} bytes."
        ),
        sources=sources,
        parameters=_language_parameters(None, config, catalogues),
        success=response([Result.SUCCESS], envelope(Result.SUCCESS, {"const": "ok"}, catalogues)),
        operation="verify",
        has_body=True,
        requestBody={
            "required": True,
            "content": {media_type: {"schema": fields} for media_type in ("application/json", *FORM_TYPES)},
        },
    )


def _operation(
    name: str,
    summary: str,
    *,
    description: str | None,
    sources: _Sources,
    parameters: list[Json],
    success: Json,
    operation: str,
    has_body: bool,
    **more: Any,
) -> Json:
    responses = {str(Result.SUCCESS.status): success}
    for status, results in by_status(result for result in Result if operation in result.operations).items():
        if sources.may_send_token or Result.UNAUTHORIZED not in results:
            described = error_response(results) if has_body else response(results, None)
            responses.setdefault(str(status), described)
    optional = {"description": description, "parameters": parameters, "security": sources.security}
    present = {key: value for key, value in optional.items() if value}
    return {"operationId": name, "summary": summary, **present, **more, "responses": responses}


def _language_parameters(form: str | None, config: CaptchaConfig, catalogues: Sequence[Catalogue]) -> list[Json]:
    """Describe the parameters that choose a language, of the sound or of the messages."""
    parameters = []
    language: Json = {
        "schema": {"type": "string"},
        "examples": {each.language: {"value": each.language} for each in catalogues},
    }
    has_language = form is not None and FORMS[form].has_language
    if has_language:
        about = "Language tag of the sound; an unsupported one counts as missing."
        parameters.append({"name": "lang", "in": "query", "description": about, **language})
    if config.language == "auto" or (has_language and config.audio_language == "auto"):
        about = "The visitor's preferred languages."
        parameters.append({"name": "Accept-Language", "in": "header", "description": about, **language})
    return parameters


def _one_of(json_type: str, values: Collection[Any]) -> Json:
    return {"type": json_type, "enum": sorted(values)}


def _security_scheme(header_name: str, scheme: str) -> Json:
    if (header_name, scheme) == _BEARER:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    about = f"A JWT after the word {scheme} and a space." if scheme else "A JWT."
    return {"type": "apiKey", "in": "header", "name": header_name, "description": about}
