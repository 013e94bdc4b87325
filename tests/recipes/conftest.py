"""The captcha service behind TLS, with a known answer, for clients in processes of their own."""

import ssl
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import trustme
from flask import Flask

from tests.support.servers import free_port
from tests.support.siteverify import make_service, serving


class Service(NamedTuple):
    """The running service.

    :param address: host and port.
    :param certificate: the file with the certificate of the authority that has signed the service's.
    """

    app: Flask
    address: str
    certificate: str


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    port, certificate = free_port(), tmp_path_factory.mktemp("tls") / "authority.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = make_service()
    with serving(app, port, context):
        yield Service(app, f"127.0.0.1:{port}", str(certificate))
