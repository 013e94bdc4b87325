"""Language tags, and which catalogues could serve one."""

import re

#: Characters of a tag that are read: far more than any has. Anybody may ask for a sound in a "language" of a megabyte.
_LONGEST_TAG = 100
#: Where the extensions of a tag begin, or its private part: at a subtag of one character.
_EXTENSION = re.compile("-[a-z0-9]-")


def language_tag(tag: object) -> str:
    """Return a language tag as HTML has it: ``pt-BR`` for ``pt_BR``, ``pt_BR.UTF-8`` or Babel's ``Locale("pt", "BR")``.

    :param tag: a language tag, the name of a locale, or an object whose text is one of these.
    """
    return re.split("[.@]", str(tag)[:_LONGEST_TAG], maxsplit=1)[0].replace("_", "-")


def tags_that_serve(tag: object) -> list[str]:
    """Return the tags whose catalogue serves ``tag``, best first, in lower case.

    They are the language with each subtag, then the language alone. The first that is known decides, so a script takes
    precedence over a region after it: ``zh-Hant-CN`` is served as ``zh-hant``. Extensions do not count.

    :param tag: as for :func:`language_tag`.
    """
    primary, *subtags = _EXTENSION.split(language_tag(tag).lower(), maxsplit=1)[0].split("-")
    return [*(f"{primary}-{subtag}" for subtag in subtags), primary]
