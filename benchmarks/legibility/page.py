"""A page on which people read pictures, for the owner of a site who wants to know how many of the visitors can.

``make glance-page``, then send the people to the address that it prints. Each reads fifty pictures at the displayed
size, one after the other, and then sees the score with its interval; the terminal shows everybody's together.
"""

import argparse
import random
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass, field

from flask import Flask, redirect, render_template_string, request, session, url_for
from werkzeug import Response

from flask_captcha_api.challenges.folding import Folding
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.drawing import draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from ..intervals import wilson
from ..peers.drawings import HEIGHT, WIDTH

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Reading captchas</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  main { max-width: 24rem; margin: 10vh auto; padding: 0 1rem }
  img { display: block; border-radius: .3rem }
  input { width: 10rem; font-size: 1.2rem; letter-spacing: .15em }
  input, button { padding: .4rem .7rem; font: inherit }
  progress { width: 100% }
</style>
<main>
{% if picture %}
  <p><progress max="{{ count }}" value="{{ done }}" aria-label="pictures read"></progress></p>
  <img src="data:image/jpeg;base64,{{ picture }}" width="{{ width }}" height="{{ height }}"
       alt="Captcha: type what it shows.">
  <form method="post">
    <p><label>{{ done + 1 }} of {{ count }}: what does it show?<br>
      <input name="text" required autofocus autocomplete="off" autocapitalize="off" spellcheck="false"></label>
      <button>Next</button></p>
  </form>
{% else %}
  <h1>Thank you</h1>
  <p>You read {{ right }} of {{ count }} pictures: {{ share }}.</p>
{% endif %}
</main>
"""


@dataclass
class Reader:
    """One person's session."""

    prompt: str = ""
    answer: str = ""
    done: int = 0
    right: int = 0
    begun: float = field(default_factory=time.monotonic)


def make_app(kind: str, difficulty: str, count: int) -> Flask:
    """Make the app of the page."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    readers: dict[str, Reader] = {}
    folding = Folding(digits_only=KINDS[kind].digits_only)

    @app.get("/")
    def page() -> str:
        reader = readers.setdefault(session.setdefault("reader", secrets.token_hex(8)), Reader())
        if reader.done == count:
            return render_template_string(_PAGE, count=count, right=reader.right, share=share(reader.right, count))
        challenge = KINDS[kind].make(5)
        reader.answer = challenge.answer
        rng = random.Random(secrets.randbits(128))
        picture = b64encode(draw(challenge.prompt, rng, size=(WIDTH, HEIGHT), difficulty=difficulty)).decode()
        return render_template_string(_PAGE, picture=picture, width=WIDTH, height=HEIGHT, count=count, done=reader.done)

    @app.post("/")
    def read() -> Response:
        reader = readers.get(session.get("reader", ""))
        if reader and reader.answer:
            reader.right += folding.fold(request.form.get("text", "")) == folding.fold(reader.answer)
            reader.done += 1
            reader.answer = ""  # reading a picture twice counts once
            if reader.done == count:
                seconds = (time.monotonic() - reader.begun) / count
                finished = [each for each in readers.values() if each.done == count]
                right, read = sum(each.right for each in finished), count * len(finished)
                print(f"a reader: {share(reader.right, count)}, {seconds:.0f} s each; all: {share(right, read)}")
        return redirect(url_for("page"), 303)

    return app


def share(right: int, read: int) -> str:
    """Return a share in words, with its interval."""
    low, high = wilson(right, read)
    return f"{right / read:.0%} (95 %: {low:.0%} to {high:.0%})"


def main() -> None:
    """Serve the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), default="digits")
    parser.add_argument("--difficulty", choices=list(DIFFICULTIES), default="calm")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001)
    chosen = parser.parse_args()
    make_app(chosen.kind, chosen.difficulty, chosen.count).run(chosen.host, chosen.port)


if __name__ == "__main__":
    main()
