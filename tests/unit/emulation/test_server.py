"""The loopback server the emulators stand on."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing

import pytest

from accord.emulation.faults import Fault, Faults
from accord.emulation.server import Request, Response, Server, json_response, route


def seen(request: Request) -> Response:
    return json_response(200, {"path": request.path, "id": request.named["id"], **request.query})


def broken(_: Request) -> Response:
    raise RuntimeError("a bug in the emulator")


def asked(server: Server, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_request_finds_its_route_by_method_and_whole_path() -> None:
    server = Server([route("GET", "/things/(?P<id>[^/]+)", seen)]).start()
    assert asked(server, "GET", "/things/a%20b?q=1") == (
        200,
        b'{"path":"/things/a b","id":"a b","q":"1"}',
    )
    assert asked(server, "POST", "/things/1")[0] == 405
    assert asked(server, "GET", "/things/1/more")[0] == 404
    server.stop()


def test_a_connection_is_kept_open_between_requests_and_closed_by_stop() -> None:
    server = Server([route("GET", "/(?P<id>.*)", seen)]).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    ports = []
    for _ in range(2):
        connection.request("GET", "/x")
        connection.getresponse().read()
        ports.append(connection.sock.getsockname())
    assert ports[0] == ports[1]
    kept = connection.sock
    server.stop()
    assert kept.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_what_is_no_request_is_refused_and_a_client_that_asks_first_is_told_to_go_on() -> None:
    server = Server([route("PUT", "/", lambda request: Response(200, request.body))]).start()
    for sent, told in (
        (b"nonsense\r\n\r\n", [b"HTTP/1.1 400 Bad Request"]),
        (
            b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\nhi",
            [b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK", b"hi"],
        ),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(sent)
            lines = connection.makefile("rb").read().split(b"\r\n")
        assert [line for line in lines if line in told] == told
    server.stop()
    assert server.failures == []


def test_a_bug_in_a_route_is_answered_with_500_and_kept_for_the_test() -> None:
    server = Server([route("GET", "/", broken)]).start()
    assert asked(server, "GET", "/")[0] == 500
    server.stop()
    assert [str(error) for error in server.failures] == ["a bug in the emulator"]


def test_an_answer_may_be_cut_off_or_never_come() -> None:
    answers = iter([Response(200, b"0123456789", sent="cut"), Response(200, sent="nothing")])
    server = Server([route("GET", "/", lambda _: next(answers))]).start()
    with pytest.raises(http.client.IncompleteRead):
        asked(server, "GET", "/")
    with pytest.raises(ConnectionResetError):
        asked(server, "GET", "/")
    server.stop()
    assert server.failures == []


def test_a_fault_strikes_the_requests_it_is_meant_for_as_often_as_it_says() -> None:
    faults = Faults([Fault("slow", method="POST", path="Invoices", times=2)])
    faults.add(Fault("cut_body"))
    requests = [
        Request(method, path, {}, {}, b"")
        for method, path in (
            ("GET", "/Invoices"), ("POST", "/Invoices/1"), ("POST", "/Invoices"),
            ("POST", "/Invoices"),
        )
    ]  # fmt: skip
    assert [fault and fault.kind for fault in map(faults.take, requests)] == [
        "cut_body", "slow", "slow", None,
    ]  # fmt: skip
