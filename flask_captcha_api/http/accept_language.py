"""The languages that the current request asks for."""

import re

from flask import request

# Parsing takes time in proportion to the header, of which servers pass on hundreds of kilobytes, as they join duplicate
# lines. Browsers send a few ranges, best first.
_MOST_CHARACTERS = 1000
_MOST_RANGES = 20
#: A language range with its weight (RFC 9110, section 12.5.4), and the underscore that some clients write.
_RANGE = re.compile(r"\s*([A-Za-z0-9*_-]+)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?")


def accepted_languages() -> list[str]:
    """Return the language tags in Accept-Language, best first.

    Only the first 20 ranges in the first 1,000 characters count. What is malformed, or has the weight 0, is left out.
    Werkzeug's ``accept_languages`` parses the whole header, and takes five times as long for each range.
    """
    header = request.headers.get("Accept-Language", "")
    if len(header) > _MOST_CHARACTERS:
        header = header[:_MOST_CHARACTERS].rpartition(",")[0]  # the last range may be cut in two
    found = map(_RANGE.fullmatch, header.split(",", _MOST_RANGES)[:_MOST_RANGES])
    weighed = [(float(each[2] or 1), each[1]) for each in found if each]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight]
