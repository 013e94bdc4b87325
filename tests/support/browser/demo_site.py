"""The running demo, with a known answer, for tests in a browser and for pictures."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server

from example_app import demo
from flask_captcha_api.testing import answers

from .site import ANSWER, Site


@contextmanager
def running(answer: str = ANSWER) -> Iterator[Site]:
    """Serve the demo from a thread of this process."""
    app = demo.create_app()
    mounted: Any = app.wsgi_app
    example = mounted.mounts[demo.EXAMPLE].__self__
    server = make_server("127.0.0.1", 0, app, threaded=True)
    site = Site(app)
    site.address = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    with answers(app, answer), answers(example, answer):
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
