"""Which language serves a tag; None if there is none.

``qaa`` to ``qtz`` are reserved for private use (ISO 639): no language is ever called so.
"""

LANGUAGE_OF_TAG = {
    "en": "en",
    "en-GB": "en",
    "en_US": "en",
    "EN-us": "en",
    "ja": "ja",
    "ja-JP-u-ca-japanese": "ja",
    "zh": "zh-Hans",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-Hans": "zh-Hans",
    "zh-Hans-TW": "zh-Hans",
    "zh_Hans_HK": "zh-Hans",
    "zh-cmn-Hans-CN": "zh-Hans",
    "zh-Hant": "zh-Hant",
    "zh_Hant": "zh-Hant",
    "zh-Hant-CN": "zh-Hant",
    "zh_Hant_TW": "zh-Hant",
    "zh-cmn-Hant-TW": "zh-Hant",
    "zh-TW": "zh-Hant",
    "zh_TW": "zh-Hant",
    "ZH-tw": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-yue-HK": "zh-Hant",
    "zh-MO": "zh-Hant",
    # Extensions, and what is private, name no script and no region.
    "zh-CN-x-TW": "zh-Hans",
    "zh_TW_u_co_hans": "zh-Hant",
    "en-x-zh": "en",
    # Names of locales, as POSIX has them.
    "zh_TW.UTF-8": "zh-Hant",
    "ja_JP@Hant": "ja",
    "zh.Hant": "zh-Hans",
    "@ja": None,
    "C.UTF-8": None,
    # What has several signs in a row, or is not ASCII.
    "zh--TW": "zh-Hant",
    "zh__TW": "zh-Hant",
    "zh-_TW": "zh-Hant",
    "zh-😀-TW": "zh-Hant",
    "zh-é-TW": "zh-Hant",
    "zh-\n-TW": "zh-Hant",
    " ja": None,
    "ja ": None,
    "": None,
    "qaa": None,
    "qaa-AT": None,
    "jam": None,
    "zha": None,
    "eng": None,
    "tw": None,
    "hant": None,
    "qaa-zh-TW": None,
    "constructor": None,
    "__proto__": None,
    "-": None,
    "*": None,
}

#: What Babel's locales are called, in text and as a language tag, and the language that serves them.
LANGUAGE_OF_LOCALE = {
    "pt_BR": ("pt-BR", None),
    "en_US_POSIX": ("en-US-POSIX", "en"),
    "ja_JP": ("ja-JP", "ja"),
    "zh_Hant_TW": ("zh-Hant-TW", "zh-Hant"),
    "zh_Hans_CN": ("zh-Hans-CN", "zh-Hans"),
    "de_DE@euro": ("de-DE", None),
}
