"""The configuration of nginx that the documentation shows, in front of an app."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string, request

from flask_captcha_api.signals import captcha_issued

from ...support import pages
from ...support.http.envelopes import envelope
from ...support.pages import Block, blocks_of
from ...support.paths import DOCS
from ...support.servers import Server, free_port, program

ANSWER = "40718"


NGINX = DOCS / "how-to" / "nginx.md"


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[Block, int], int]]:
    """Start nginx with a block of the guide, in front of an app; returns its port."""
    with ExitStack() as stack:

        def start(block: Block, port_of_app: int) -> int:
            port = free_port()
            block_here = block.text.replace("listen 80", f"listen 127.0.0.1:{port}").replace(":8000", f":{port_of_app}")
            settings = tmp_path / "nginx.conf"
            temporary = "".join(
                f"{module}_temp_path {tmp_path}/{module};"
                for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            settings.write_text(
                f"daemon off; master_process off; pid {tmp_path}/pid; events {{}} "
                f"http {{ access_log off; {temporary}\n{block_here}\n}}"
            )
            server = Server([program("nginx"), "-e", "stderr", "-c", str(settings)], port, tmp_path)
            stack.callback(server.stop)
            server.start()
            return port

        yield start


@pytest.mark.server
def test_nginx_says_who_asks_and_stops_a_flood(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """The app learns the visitor's address, whatever the visitor claims; beyond the burst nginx answers 429."""
    app = ran(NGINX)["apps"][0]
    seen = []

    def note(sender: Flask, **_: Any) -> None:
        seen.append(request.remote_addr)

    port_of_app = free_port()
    with captcha_issued.connected_to(note, app), pages.serving(app, port_of_app):
        port = nginx(blocks_of(NGINX, "nginx")[0], port_of_app)
        assert [ask(port, "/captcha/web", "127.0.0.1")[0], ask(port, "/captcha/web", "127.0.0.2")[0]] == [200, 200]
        flood = Counter(ask(port, "/captcha/web", "127.0.0.3", method="HEAD")[0] for _ in range(25))
    assert seen == ["127.0.0.1", "127.0.0.2"]
    assert set(flood) == {200, 429}


@pytest.mark.server
def test_nginx_refuses_across_origins_as_the_app_does(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """Its own 429 and 503 are the envelopes of the results, which only the page's origin reads; preflights are free."""
    app = ran(NGINX)["apps"][0]
    port_of_app = free_port()
    page, other = "https://app.example.com", "https://evil.example"
    block = blocks_of(NGINX, "nginx")[1]
    with pages.serving(app, port_of_app):
        port = nginx(block, port_of_app)
        for _ in range(50):
            assert answer_of(port, "OPTIONS", page)[0] == 200
        while (answer := answer_of(port, "HEAD", page))[0] == 200:
            pass
        assert answer[0] == 429
        _, headers, body = answer_of(port, "GET", page)
        assert (headers["Access-Control-Allow-Origin"], headers["Retry-After"]) == (page, "10")
        assert body == envelope("too_many_requests", language="en")
        assert answer_of(port, "GET", other)[1]["Access-Control-Allow-Origin"] is None
    status, headers, body = answer_of(port, "OPTIONS", page)
    assert (status, headers["Access-Control-Allow-Origin"]) == (503, page)
    assert body == envelope("store_unavailable", language="en")


def answer_of(port: int, method: str, origin: str) -> tuple[int, Message, Any]:
    """Ask nginx for a captcha as a page of an origin does; returns the status, the headers and the JSON, if any."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, "/captcha/web", headers={"Origin": origin})
        response = connection.getresponse()
        body = response.read()
        return response.status, response.headers, json.loads(body) if body else None


@pytest.mark.server
def test_nginx_mounts_the_app_below_a_path(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """Below a prefix the captcha is there, and the widget asks for its files there."""
    app = ran(NGINX)["app"]
    app.add_url_rule("/form", view_func=lambda: render_template_string("{{ captcha_field('web') }}"))
    port_of_app = free_port()
    with pages.serving(app, port_of_app):
        port = nginx(blocks_of(NGINX, "nginx")[2], port_of_app)
        assert ask(port, "/shop/captcha/web", "127.0.0.1")[0] == 200
        (script,) = re.findall(r'src="(/[^"]+\.js)"', ask(port, "/shop/form", "127.0.0.1")[1])
        assert script.startswith("/shop/captcha/static/")
        assert ask(port, script, "127.0.0.1")[0] == 200


def ask(port: int, path: str, from_address: str, method: str = "GET") -> tuple[int, str]:
    """Ask nginx as a visitor with this address, who claims to have another; returns the status and the body."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10, source_address=(from_address, 0))) as connection:
        connection.request(method, path, headers={"X-Forwarded-For": "192.0.2.1"})
        response = connection.getresponse()
        return response.status, response.read().decode()
