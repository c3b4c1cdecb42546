"""How much is read, on a real socket: never on and on, and others are served meanwhile."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from service.api import body_limit

SALES_LIMIT, LIMIT = 20_000_000, 6_000_000
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def port(shared_site) -> Iterator[int]:
    """Serve the application on a loopback port."""
    config = uvicorn.Config(shared_site.app, port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def head(path: str, key: str, *lines: str) -> bytes:
    fields = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", *lines]
    return "\r\n".join([*fields, "Content-Type: application/json", "", ""]).encode()


def answer_of(connection: socket.socket) -> tuple[str, dict]:
    """Read until the server closes; return the status line and the body."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    head_, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head_.lower()
    return head_.split(b"\r\n")[0].decode(), json.loads(body)


def test_a_body_declared_too_large_is_refused_unread(shared_site, port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        key = shared_site.key_of("Acme")
        connection.sendall(head("/v1/sales", key, "Content-Length: 30000000"))

        status, problem = answer_of(connection)

    assert status.startswith("HTTP/1.1 413")
    assert problem["code"] == "body-too-large"


def test_a_body_that_never_says_its_length_is_cut_at_the_limit(shared_site, port):
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        key = shared_site.key_of("Acme")
        connection.sendall(head("/v1/sales", key, "Transfer-Encoding: chunked"))
        try:
            while sent < 1_000:
                connection.sendall(chunk)
                sent += 1
        except OSError:
            pass  # the server closed

    assert 19 <= sent < 100


def test_a_body_of_thirty_megabytes_is_refused(shared_site):
    acme, text = shared_site.vendor(), "x" * 30_000_000

    whole = acme.post("/v1/sales", json={"id": "s", "tier": "free", "text": text})
    streamed = acme.post("/v1/sales", content=(b" " * 1_000_000 for _ in range(30)), headers=JSON)

    for answer in (whole, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert answer.json()["detail"] == "the body has more than 20000000 bytes"


@pytest.mark.parametrize(("size", "status"), [(SALES_LIMIT, 200), (SALES_LIMIT + 1, 413)])
def test_reports_of_sales_have_twenty_megabytes(shared_site, size, status):
    body = b"[]".ljust(size)

    assert shared_site.vendor().post("/v1/sales", content=body, headers=JSON).status_code == status


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
def test_everything_else_has_six(shared_site, size, status):
    body = b'{"text": "x"}'.ljust(size)
    url = "/v1/attribution-previews"

    assert shared_site.vendor().post(url, content=body, headers=JSON).status_code == status


def test_a_wrong_key_is_refused_before_the_body_is_read(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head("/v1/sales", "ws_live_wrong", "Content-Length: 20000000") + b"[")

        status, problem = answer_of(connection)

    assert status.startswith("HTTP/1.1 401")
    assert problem["code"] == "key-refused"


def test_a_body_that_dribbles_is_given_up(shared_site, port, monkeypatch):
    monkeypatch.setattr(body_limit, "MAX_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        key = shared_site.key_of("Acme")
        connection.sendall(head("/v1/sales", key, "Content-Length: 1000") + b"[")

        status, problem = answer_of(connection)

    assert status.startswith("HTTP/1.1 408")
    assert problem["code"] == "body-too-slow"


def test_who_leaves_in_the_middle_of_a_body_disturbs_nobody(shared_site, port):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            key = shared_site.key_of("Acme")
            connection.sendall(head("/v1/sales", key, "Content-Length: 1000") + b"[")

    assert shared_site.anonymous().get("/healthz").status_code == 200
