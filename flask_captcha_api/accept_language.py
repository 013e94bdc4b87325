"""The languages that the current request asks for."""

from functools import lru_cache

from flask import request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

# Parsing takes time in proportion to the header, of which servers pass on hundreds of kilobytes, as they join duplicate
# lines. Browsers send a few ranges, best first.
_MOST_CHARACTERS = 500
_MOST_RANGES = 20


def accepted_languages() -> tuple[str, ...]:
    """Return the language tags in Accept-Language, best first. Only the first 20 in its first 500 characters count."""
    header = request.headers.get("Accept-Language", "")
    if len(header) > _MOST_CHARACTERS:
        header = header[:_MOST_CHARACTERS].rpartition(",")[0]  # the last range may be cut in two
    return _parse(header)


@lru_cache(maxsize=256)
def _parse(header: str) -> tuple[str, ...]:
    ranges = header.split(",", _MOST_RANGES)[:_MOST_RANGES]
    return tuple(parse_accept_header(",".join(ranges), LanguageAccept).values())
