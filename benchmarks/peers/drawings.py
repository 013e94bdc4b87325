"""The drawing of each peer, at the same size and for the same text; run as a program, one peer in its own environment.

``python drawings.py NAME`` reads texts from standard input, a line each, draws them, and answers each with the seconds
that it took and the picture in Base64. It imports nothing of this project, so that any environment that has the peer
can run it.
"""

import sys
import time
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO

WIDTH, HEIGHT = 166, 90

Draw = Callable[[str], bytes]


def lepture() -> Draw:
    """Draw with lepture/captcha, encoded as JPEG as ours is."""
    from captcha.image import ImageCaptcha

    maker = ImageCaptcha(width=WIDTH, height=HEIGHT)

    def draw(text: str) -> bytes:
        encoded = BytesIO()
        maker.generate_image(text).save(encoded, "JPEG")
        return encoded.getvalue()

    return draw


def captchakit() -> Draw:
    """Draw with captchakit, as PNG, its only format; without the hop to a thread of its public method."""
    from captchakit.renderers.image import ImageRenderer

    return ImageRenderer(width=WIDTH, height=HEIGHT)._render_sync  # type: ignore[no-any-return]


def django_simple_captcha() -> Draw:
    """Draw with django-simple-captcha's view, without the look-up in its database."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["captcha"],
        CAPTCHA_IMAGE_SIZE=(WIDTH, HEIGHT),
        SECRET_KEY="benchmark",  # noqa: S106 - it signs nothing
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()
    from captcha import views

    class Store:
        challenge = ""

    def draw(text: str) -> bytes:
        Store.challenge = text
        return views._captcha_image(Store, 1).content  # type: ignore[no-any-return]

    return draw


DRAWINGS: dict[str, Callable[[], Draw]] = {
    "lepture/captcha": lepture,
    "captchakit": captchakit,
    "django-simple-captcha": django_simple_captcha,
}


def main() -> None:
    """Draw what standard input asks for."""
    draw = DRAWINGS[sys.argv[1]]()
    for line in sys.stdin:
        begin = time.perf_counter()
        picture = draw(line.strip())
        print(time.perf_counter() - begin, b64encode(picture).decode(), flush=True)


if __name__ == "__main__":
    main()
