"""The results that a client can get: code, name, HTTP status, and the sentence for the visitor in each language."""

from collections.abc import Iterable
from enum import Enum

from .config import LANGUAGES


class Result(Enum):
    """A row of the result table."""

    SUCCESS = ("00000", "success", 200)
    CAPTCHA_REQUIRED = ("01001", "captcha_required", 400)
    CAPTCHA_WRONG = ("01002", "captcha_wrong", 422)
    CAPTCHA_GONE = ("01003", "captcha_gone", 422)
    SOURCE_UNKNOWN = ("01004", "source_unknown", 404)
    TOO_MANY_REQUESTS = ("01005", "too_many_requests", 429)
    UNAUTHORIZED = ("01006", "unauthorized", 401)
    STORE_UNAVAILABLE = ("01007", "store_unavailable", 503)
    METHOD_NOT_ALLOWED = ("01008", "method_not_allowed", 405)

    def __init__(self, code: str, string_code: str, status: int) -> None:
        self.code = code
        self.string_code = string_code
        self.status = status


MESSAGES = {
    "zh-Hant": {
        Result.SUCCESS: "成功",
        Result.CAPTCHA_REQUIRED: "請輸入驗證碼",
        Result.CAPTCHA_WRONG: "驗證碼錯誤",
        Result.CAPTCHA_GONE: "驗證碼已失效，請重新取得",
        Result.SOURCE_UNKNOWN: "來源別不存在",
        Result.TOO_MANY_REQUESTS: "請求過於頻繁，請稍後再試",
        Result.UNAUTHORIZED: "未授權",
        Result.STORE_UNAVAILABLE: "服務暫時無法使用",
        Result.METHOD_NOT_ALLOWED: "不支援的方法",
    },
    "zh-Hans": {
        Result.SUCCESS: "成功",
        Result.CAPTCHA_REQUIRED: "请输入验证码",
        Result.CAPTCHA_WRONG: "验证码错误",
        Result.CAPTCHA_GONE: "验证码已失效，请重新获取",
        Result.SOURCE_UNKNOWN: "来源不存在",
        Result.TOO_MANY_REQUESTS: "请求过于频繁，请稍后再试",
        Result.UNAUTHORIZED: "未授权",
        Result.STORE_UNAVAILABLE: "服务暂时不可用",
        Result.METHOD_NOT_ALLOWED: "不支持的方法",
    },
    "en": {
        Result.SUCCESS: "Success",
        Result.CAPTCHA_REQUIRED: "Please enter the captcha",
        Result.CAPTCHA_WRONG: "The captcha is wrong",
        Result.CAPTCHA_GONE: "The captcha is no longer valid, please get a new one",
        Result.SOURCE_UNKNOWN: "There is no such source",
        Result.TOO_MANY_REQUESTS: "Too many requests, please try again later",
        Result.UNAUTHORIZED: "Not authorised",
        Result.STORE_UNAVAILABLE: "The service is temporarily unavailable",
        Result.METHOD_NOT_ALLOWED: "This method is not supported",
    },
    "ja": {
        Result.SUCCESS: "成功しました",
        Result.CAPTCHA_REQUIRED: "画像認証の文字を入力してください",
        Result.CAPTCHA_WRONG: "画像認証の文字が違います",
        Result.CAPTCHA_GONE: "画像認証の有効期限が切れました。新しい画像を取得してください",
        Result.SOURCE_UNKNOWN: "指定された取得元はありません",
        Result.TOO_MANY_REQUESTS: "リクエストが多すぎます。しばらくしてからお試しください",
        Result.UNAUTHORIZED: "認証が必要です",
        Result.STORE_UNAVAILABLE: "サービスは一時的に利用できません",
        Result.METHOD_NOT_ALLOWED: "このメソッドは使用できません",
    },
}


def message_of(result: Result, language: str) -> str:
    """Return the sentence for the visitor.

    :param language: a key of :data:`MESSAGES`.
    """
    return MESSAGES[language][result]


def best_language(wanted: Iterable[str], *, otherwise: str = LANGUAGES[0]) -> str:
    """Choose the language that serves a visitor best.

    :param wanted: language tags as Accept-Language has them, best first.
    :param otherwise: where none of them is one of ours.
    """
    return next(filter(None, map(_language_of, wanted)), otherwise)


def _language_of(tag: str) -> str | None:
    """Return ours for a language tag. Chinese is told apart by script or region.

    Without either it is taken as simplified, its commonest form (CLDR, likely subtags).
    """
    primary, *subtags = tag.lower().replace("_", "-").split("-")
    if primary == "zh":
        traditional = "hans" not in subtags and not {"hant", "tw", "hk", "mo"}.isdisjoint(subtags)
        return "zh-Hant" if traditional else "zh-Hans"
    return primary if primary in LANGUAGES else None
