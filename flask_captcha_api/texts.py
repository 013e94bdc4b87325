"""What the widget says to a visitor without JavaScript, by language. The rest stands in ``static/captcha-field.js``.

``{}`` stands for what is asked.
"""

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh-Hant": {
        "group": "驗證碼",
        "digits": "數字",
        "letters": "字母",
        "arithmetic": "計算結果",
        "other": "字元",
        "seen": "圖中的{}",
        "heard": "聽到的{}",
        "alt": "驗證碼圖片：請輸入圖中的{}。",
        "altSound": "看不見圖片時，請按「語音」。",
        "refresh": "換一張",
        "listen": "語音",
        "newSound": "換一段語音",
        "show": "顯示圖片",
        "hidden": "圖片已隱藏，請輸入聽到的內容。",
    },
    "zh-Hans": {
        "group": "验证码",
        "digits": "数字",
        "letters": "字母",
        "arithmetic": "计算结果",
        "other": "字符",
        "seen": "图中的{}",
        "heard": "听到的{}",
        "alt": "验证码图片：请输入图中的{}。",
        "altSound": "看不见图片时，请按“语音”。",
        "refresh": "换一张",
        "listen": "语音",
        "newSound": "换一段语音",
        "show": "显示图片",
        "hidden": "图片已隐藏，请输入听到的内容。",
    },
    "en": {
        "group": "Captcha",
        "digits": "digits",
        "letters": "letters",
        "arithmetic": "result of the calculation",
        "other": "characters",
        "seen": "{} in the picture",
        "heard": "{} you hear",
        "alt": "Captcha: type the {} in this picture.",
        "altSound": "If you cannot see it, choose “Listen”.",
        "refresh": "New picture",
        "listen": "Listen",
        "newSound": "New sound",
        "show": "Show picture",
        "hidden": "The picture is hidden. Type what you hear.",
    },
    "ja": {
        "group": "画像認証",
        "digits": "数字",
        "letters": "文字",
        "arithmetic": "計算の答え",
        "other": "文字",
        "seen": "画像の{}",
        "heard": "聞こえた{}",
        "alt": "画像認証：この画像の{}を入力してください。",
        "altSound": "見えない場合は「音声」を選んでください。",
        "refresh": "別の画像",
        "listen": "音声",
        "newSound": "別の音声",
        "show": "画像を表示",
        "hidden": "画像は隠れています。聞こえたとおりに入力してください。",
    },
}


_KINDS = frozenset({"digits", "letters", "arithmetic"})


def asked_by(kind: str, language: str) -> str:
    """Return what a kind asks for, in words; a kind of the app's own is not told from another."""
    return TEXTS[language][kind if kind in _KINDS else "other"]


def filled(text: str, asked: str) -> str:
    """Put what is asked into a text, and begin it as a sentence begins."""
    sentence = text.replace("{}", asked)
    return sentence[0].upper() + sentence[1:]
