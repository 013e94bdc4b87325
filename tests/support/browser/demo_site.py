"""The running demo, with a known answer, for tests in a browser and for pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from example_app import demo
from flask_captcha_api.testing import answers

from .site import ANSWER, Site, serving


@contextmanager
def running(answer: str = ANSWER) -> Iterator[Site]:
    """Serve the demo, with a known answer."""
    app = demo.create_app()
    mounted: Any = app.wsgi_app
    example = mounted.mounts[demo.EXAMPLE].__self__
    site = Site(app)
    with answers(app, answer), answers(example, answer), serving(site):
        yield site
