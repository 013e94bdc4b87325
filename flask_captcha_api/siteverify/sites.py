"""The sites that the service verifies captchas for, as CAPTCHA_SITES lists them. No message contains a secret."""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..settings.config import SOURCE_NAME_MUST_BE, is_source_name

KEY = "CAPTCHA_SITES"
#: Stands for every origin.
ANY_ORIGIN = "*"
#: A shorter secret can be guessed. One from ``secrets.token_hex()`` has 64 characters.
_SHORTEST = 32
#: A longer one would not fit into the form that clients send.
_LONGEST = 256
#: Google's published secret for tests, with which every response passes there.
_PUBLISHED = frozenset({"6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"})
_MEMBERS = ("secret", "sources", "origins")
#: An origin as browsers send it: in lower case, and without the scheme's default port.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_OWN_PORT = re.compile(r"http://.*:80|https://.*:443")
_EXAMPLE = '{"shop": {"secret": "<secrets.token_hex()>", "sources": ["shop"], "origins": ["https://shop.example"]}}'


@dataclass(frozen=True)
class Site:
    """A site whose server may verify captchas.

    :param secret_digest: SHA-256 of its secret, 32 bytes.
    :param sources: the names of the sources whose captchas pass.
    :param origins: the origins of its pages; ``*`` for any.
    """

    name: str
    secret_digest: bytes = field(repr=False)
    sources: frozenset[str]
    origins: frozenset[str]


class Sites:
    """All sites of the service."""

    def __init__(self, sites: Collection[Site]) -> None:
        self._sites = tuple(sites)

    def with_secret(self, secret: str) -> Site | None:
        """Return the site with this secret; None if there is none. The time it takes reveals nothing about a secret."""
        digest, found = _digest(secret), None
        for site in self._sites:
            if hmac.compare_digest(site.secret_digest, digest):
                found = site
        return found

    def origins_for(self, source: str | None) -> frozenset[str]:
        """Return the origins of all sites that use a source; for None, of all sites."""
        return frozenset().union(*(its.origins for its in self._sites if source is None or source in its.sources))

    @property
    def sources(self) -> frozenset[str]:
        """Return the names of the sources of all sites."""
        return frozenset().union(*(site.sources for site in self._sites))


def read_sites(settings: Mapping[str, Any]) -> Sites:
    """Read and validate CAPTCHA_SITES.

    :raises ValueError: names everything that is wrong with it.
    """
    named = settings.get(KEY)
    if not isinstance(named, Mapping) or not named:
        raise ValueError(
            f"{KEY} must be a mapping of at least one site to its secret, sources and origins. In the environment it "
            f"is JSON: FLASK_{KEY}='{_EXAMPLE}'"
        )
    faults = [f"{KEY}[{name!r}]: {fault}" for name, values in named.items() for fault in _faults(values, settings)]
    if not faults:
        counts = Counter(its["secret"] for its in named.values())
        faults += [
            f"{KEY}[{name!r}]: secret is shared with another site: give each its own"
            for name, its in named.items()
            if counts[its["secret"]] > 1
        ]
    if faults:
        raise ValueError("invalid sites:\n" + "\n".join(f"- {each}" for each in faults))
    return Sites(
        [
            Site(str(name), _digest(its["secret"]), frozenset(its["sources"]), frozenset(its["origins"]))
            for name, its in named.items()
        ]
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def _faults(values: object, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each thing that is wrong with one site."""
    if not isinstance(values, Mapping):
        yield f"must be a mapping with {', '.join(_MEMBERS)}, and is of type {type(values).__name__}"
        return
    for unknown in [member for member in values if member not in _MEMBERS]:
        yield f"{unknown!r} is not a setting of a site: it must be one of {', '.join(_MEMBERS)}"
    fallbacks = settings.get("SECRET_KEY_FALLBACKS")
    secret_keys = [settings.get("SECRET_KEY"), *(fallbacks if isinstance(fallbacks, list | tuple) else ())]
    yield from _secret_faults(values.get("secret"), secret_keys)
    yield from _source_faults(values.get("sources"), settings.get("CAPTCHA_SOURCES"))
    yield from _origin_faults(values.get("origins"))


def _secret_faults(secret: object, secret_keys: Collection[object]) -> Iterator[str]:
    remedy = "set one from secrets.token_hex()"
    if secret is None:
        yield f"secret is missing: {remedy}"
    elif not isinstance(secret, str):
        yield (
            f"secret is of type {type(secret).__name__}, and must be text: in the environment, put what JSON reads as "
            "a number into double quotes"
        )
    elif secret in _PUBLISHED:
        yield f"secret is the one that Google publishes for tests, so everybody knows it: {remedy}"
    elif not _SHORTEST <= len(secret) <= _LONGEST:
        yield f"secret has {len(secret)} characters, and must have {_SHORTEST} to {_LONGEST}: {remedy}"
    elif not secret.isascii() or not secret.isprintable() or " " in secret:
        yield f"secret has white space, control characters or non-ASCII characters: {remedy}"
    elif secret in secret_keys or secret.encode() in secret_keys:
        yield f"secret is SECRET_KEY too, or one of SECRET_KEY_FALLBACKS, which no site may know: {remedy}"


def _source_faults(sources: object, configured: object) -> Iterator[str]:
    if not isinstance(sources, list | tuple) or not sources:
        yield "sources must be a list of the names of sources, such as ['shop']"
        return
    for name in sources:
        if not is_source_name(name):
            yield f"sources has {name!r}: a name must be {SOURCE_NAME_MUST_BE}"
        elif isinstance(configured, Mapping) and name not in configured:
            yield f"sources has {name!r}, which is not in CAPTCHA_SOURCES: it must be one of {', '.join(configured)}"


def _origin_faults(origins: object) -> Iterator[str]:
    if not isinstance(origins, list | tuple) or not origins:
        yield "origins must be a list of the origins of its pages, such as ['https://shop.example'], or ['*'] for any"
        return
    for origin in origins:
        if origin != ANY_ORIGIN and not _is_origin(origin):
            yield (
                f"origins has {origin!r}: it must be as browsers send it, such as 'https://shop.example' or "
                "'http://localhost:8000': scheme, host in lower case and, unless it is the scheme's default, the port"
            )


def _is_origin(origin: object) -> bool:
    return isinstance(origin, str) and bool(_ORIGIN.fullmatch(origin)) and not _OWN_PORT.fullmatch(origin)
