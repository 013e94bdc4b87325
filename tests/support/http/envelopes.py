"""What clients know the responses by, written out once for all tests: results and a captcha's headers."""

from typing import Any

from flask_captcha_api import Outcome

#: By ``stringCode``: code, HTTP status, and the message in Traditional Chinese, the default, and in English.
RESULTS = {
    "success": ("00000", 200, "成功", "Success"),
    "captcha_required": ("01001", 400, "請輸入驗證碼", "Please enter the captcha"),
    "captcha_wrong": ("01002", 422, "驗證碼錯誤", "The captcha is wrong, please try again"),
    "captcha_gone": (
        "01003",
        422,
        "驗證碼已失效，請重新取得",
        "The captcha is no longer valid, please get a new one",
    ),
    "source_unknown": ("01004", 404, "來源別不存在", "There is no such source"),
    "too_many_requests": ("01005", 429, "請求過於頻繁，請稍後再試", "Too many requests, please try again later"),
    "unauthorized": ("01006", 401, "未授權", "Not authorised"),
    "store_unavailable": ("01007", 503, "服務暫時無法使用", "The service is temporarily unavailable"),
    "method_not_allowed": ("01008", 405, "不支援的方法", "This method is not supported"),
}


#: The ``stringCode`` of an attempt by its outcome. None: the store cannot be reached.
OUTCOMES = {
    Outcome.PASSED: "success",
    Outcome.WRONG: "captcha_wrong",
    Outcome.GONE: "captcha_gone",
    Outcome.MALFORMED: "captcha_required",
    None: "store_unavailable",
}

#: The headers that describe a captcha: of a picture, at default settings. Other origins may read them, in this order.
CAPTCHA_HEADERS = {
    "Captcha-Expires-In": "300",
    "Captcha-Kind": "digits",
    "Captcha-Length": "5",
    "Captcha-Media-Type": "image/jpeg",
    "Captcha-Audio": "yes",
    "Captcha-Work": "no",
    "Captcha-Hints": "length",
}


def envelope(string_code: str, response: Any = None, *, language: str = "zh-Hant") -> dict[str, Any]:
    """Return the envelope of a result.

    :param language: ``zh-Hant`` or ``en``.
    """
    code, _, *messages = RESULTS[string_code]
    return {
        "status": string_code == "success",
        "code": code,
        "stringCode": string_code,
        "message": messages[("zh-Hant", "en").index(language)],
        "response": response,
    }
