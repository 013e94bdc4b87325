"""The catalogues of the package."""

import json
from importlib.resources import files
from typing import Any

from .catalogue import Catalogue, Translations

#: The language of messages if no other is configured or accepted.
DEFAULT_LANGUAGE = "zh-Hant"
#: The language of the widget on a page whose language has no catalogue, and of sentences that a catalogue lacks.
FALLBACK_LANGUAGE = "en"


def _read_catalogues() -> Translations:
    found: dict[str, dict[str, Any]] = {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
        for file in files(__package__).iterdir()
        if file.name.endswith(".json")
    }
    english = Catalogue("en", "en", **found[FALLBACK_LANGUAGE])
    languages = sorted(found, key=lambda each: (each != DEFAULT_LANGUAGE, each))
    return Translations(
        {each: english.with_texts({"language": each, "sound_language": each, **found[each]}) for each in languages}
    )


#: The default language first.
BUNDLED: Translations = _read_catalogues()
