"""Each fault of the network: one clear message, nothing wrong used, the next attempt succeeds."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time

import pytest
from fault_server import (
    CONTENT,
    failure,
    fetched,
    good,
    leftovers,
    page,
    raw,
    readdress,
    resized,
    status,
)

from karpa_helpers.data import download, store

BODY = gzip.compress(CONTENT, mtime=0)
HALF = len(BODY) // 2


def test_good_download_is_cached(server, toy, capsys):
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert fetched() == CONTENT
    assert len(server.requests) == 1
    assert capsys.readouterr().out.count("Downloading toy.gz") == 1
    assert leftovers() == ["toy.gz"]


def test_cut_connection_is_tried_again(server, toy):
    server.answer("toy.gz", good(BODY, send=HALF), good(BODY))
    assert fetched() == CONTENT
    assert len(server.requests) == 2


def test_connection_cut_each_time_fails_clearly(server, toy):
    server.answer("toy.gz", good(BODY, send=HALF))
    message = failure()
    assert "failed 3 times" in message
    assert "IncompleteRead" in message
    assert leftovers() == []
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert leftovers() == ["toy.gz"]


def test_file_that_changed_between_attempts_is_not_mixed(server, toy):
    server.answer("toy.gz", good(bytes(reversed(BODY)), send=HALF), good(BODY))
    assert fetched() == CONTENT


def test_first_attempt_that_sent_more_leaves_nothing_of_it(server, toy):
    server.answer("toy.gz", good(BODY + b"more" * 9, send=len(BODY) + 8), good(BODY))
    assert store.fetch("toy").paths["toy.gz"].read_bytes() == BODY


def test_wrong_file_is_refused_and_removed(server, toy):
    server.answer("toy.gz", good(gzip.compress(b"something else")))
    assert "wrong checksum" in failure()
    assert leftovers() == []
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT


def test_file_that_is_no_gzip_is_refused(server, toy):
    server.answer("toy.gz", good(CONTENT))
    assert "wrong checksum" in failure()
    assert leftovers() == []


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/gzip"])
def test_web_page_is_named(server, toy, content_type):
    server.answer("toy.gz", page(content_type))
    message = failure()
    assert "web page instead of toy.gz" in message
    assert "sign in" in message
    assert leftovers() == []
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT


def test_missing_file_is_not_asked_for_again(server, toy):
    server.answer("toy.gz", status(404))
    message = failure()
    assert "404" in message
    assert "KARPA_DATA_MIRROR" in message
    assert len(server.requests) == 1
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT


def test_busy_server_is_asked_again(server, toy):
    server.answer("toy.gz", status(500), status(429), good(BODY))
    assert fetched() == CONTENT


def test_server_that_stays_broken_is_given_up(server, toy):
    server.answer("toy.gz", status(503))
    assert "503" in failure()
    assert len(server.requests) == download.ATTEMPTS


HEAD = b"HTTP/1.1 200 OK\r\n"
ODD_ANSWERS = {
    "length-no-number": HEAD + b"Content-Length: many\r\n\r\nwrong",
    "length-twice": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nwrong",
    "lengths-differ": HEAD + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\nwrong",
    "length-negative": HEAD + b"Content-Length: -5\r\n\r\nwrong",
    "length-of-gigabytes": HEAD + b"Content-Length: 99999999999999999999\r\n\r\nwrong",
    "redirect-nowhere": b"HTTP/1.1 302 Found\r\n\r\n",
    "redirect-loop": b"HTTP/1.1 302 Found\r\nLocation: /toy.gz\r\n\r\n",
    "redirect-to-file": b"HTTP/1.1 302 Found\r\nLocation: file://localhost/etc/hostname\r\n\r\n",
    "redirect-to-ftp": b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/toy.gz\r\n\r\n",
    "redirect-to-no-host": b"HTTP/1.1 302 Found\r\nLocation: http://\r\n\r\n",
    "redirect-to-bad-address": b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
    "redirect-to-bad-port": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:x/\r\n\r\n",
    "redirect-to-bad-name": b"HTTP/1.1 302 Found\r\nLocation: http://" + b"a" * 99 + b"/\r\n\r\n",
    "chunks-cut": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nwrong",
    "chunk-no-number": HEAD + b"Transfer-Encoding: chunked\r\n\r\nmany\r\nwrong\r\n",
    "chunk-negative": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nwrong\r\n",
    "no-header": HEAD + b"\0\xff no header\r\n\r\nwrong",
    "long-header": HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\nwrong",
    "many-headers": HEAD + b"X: x\r\n" * 200 + b"\r\nwrong",
    "encoding-unknown": HEAD + b"Content-Encoding: zip\r\nContent-Length: 5\r\n\r\nwrong",
    "long-status": b"x" * 60_000 + b"\r\n\r\n",
    "long-reason": b"HTTP/1.1 404 " + b"x" * 60_000 + b"\r\n\r\n",
    "no-status": b"wrong\r\n\r\n",
    "status-no-number": b"HTTP/1.1 fine\r\n\r\nwrong",
    "status-too-large": b"HTTP/1.1 1200 OK\r\n\r\nwrong",
    "status-no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "status-partial": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nwrong",
    "nothing": b"",
    "binary": bytes(range(256)) * 9,
}


@pytest.mark.parametrize("answer", ODD_ANSWERS.values(), ids=list(ODD_ANSWERS))
def test_answer_outside_the_form_is_one_message_and_the_next_address_is_asked(
    server, toy, monkeypatch, capsys, answer
):
    server.answer("odd.gz", raw(answer))
    server.answer("toy.gz", raw(answer))
    monkeypatch.setattr(store, "_announced", set())
    assert store.fetch_or_explain("toy") is None
    printed = capsys.readouterr().out
    assert printed.count("- 127.0.0.1: ") == 1
    assert len(printed) < 1000
    assert "Used instead of Toy set: nothing." in printed
    assert leftovers() == []
    readdress(monkeypatch, toy, server.url("odd.gz"), server.url("toy.gz"))
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 200 OK\r\n"),
        (HEAD, b"X: x\r\n"),
        (HEAD + b"Content-Length: 999999\r\n\r\n", b"x"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["in-the-status", "in-the-headers", "in-the-body", "without-length", "in-chunks"],
)
def test_server_that_sends_a_byte_now_and_then_is_given_up(server, toy, monkeypatch, start, piece):
    monkeypatch.setattr(download, "QUIET_SECONDS", 0.4)
    end = threading.Event()

    def dribble(handler):
        handler.close_connection = True
        handler.wfile.write(start)
        with contextlib.suppress(OSError):  # the client has hung up
            while not end.wait(0.05):
                handler.wfile.write(piece[:1] if start == b"" else piece)

    server.answer("slow.gz", dribble)
    server.answer("toy.gz", good(BODY))
    readdress(monkeypatch, toy, server.url("slow.gz"))
    begin = time.monotonic()
    assert "is too slow" in failure()
    assert time.monotonic() - begin < 5
    readdress(monkeypatch, toy, server.url("slow.gz"), server.url("toy.gz"))
    assert fetched() == CONTENT
    end.set()
    assert leftovers() == ["toy.gz"]


def test_slow_server_that_keeps_the_least_pace_is_waited_for(server, toy, monkeypatch, capfd):
    monkeypatch.setattr(download, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(download, "LEAST_BYTES", 50)
    monkeypatch.setattr(download, "CHUNK", 10)
    monkeypatch.setattr(download, "BAR_SECONDS", 0.2)

    def trickle(handler):
        handler.reply(BODY, send=0)
        for start in range(0, len(BODY), 100):
            handler.wfile.write(BODY[start : start + 100])
            handler.wfile.flush()
            time.sleep(0.1)

    server.answer("toy.gz", trickle)
    assert fetched() == CONTENT
    assert len(server.requests) == 1
    assert "toy.gz:" in capfd.readouterr().err  # the progress bar


def test_quick_download_shows_no_bar(server, toy, capfd):
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert "toy.gz:" not in capfd.readouterr().err


def test_body_of_a_redirect_is_not_read(server, toy, monkeypatch):
    monkeypatch.setattr(download, "QUIET_SECONDS", 2.0)
    sent = []

    def redirect(handler):
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /toy.gz\r\n\r\n")
        with contextlib.suppress(OSError):  # the client has hung up
            for _ in range(1000):
                handler.wfile.write(bytes(2**20))
                sent.append(1)

    server.answer("moved.gz", redirect)
    server.answer("toy.gz", good(BODY))
    readdress(monkeypatch, toy, server.url("moved.gz"))
    assert fetched() == CONTENT
    assert len(sent) < 100


def test_server_that_falls_silent_is_given_up(server, toy, monkeypatch):
    monkeypatch.setattr(download, "QUIET_SECONDS", 0.2)
    end = threading.Event()

    def stall(handler):
        handler.reply(BODY, send=HALF)
        end.wait(10)

    server.answer("toy.gz", stall)
    message = failure()
    assert "failed 3 times" in message or "is too slow" in message
    end.set()
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT


def test_endless_file_is_stopped(server, toy, monkeypatch):
    resized(monkeypatch, toy, 10)
    server.answer("toy.gz", good(bytes(2**24 + 2**18)))
    assert "far more" in failure()
    assert leftovers() == []


def test_gzip_file_declared_as_encoded_is_kept_as_it_is(server, toy):
    server.answer("toy.gz", lambda handler: handler.reply(BODY, Content_Encoding="gzip"))
    assert fetched() == CONTENT


def test_second_address_is_used_where_the_first_is_wrong(server, monkeypatch, toy):
    readdress(monkeypatch, toy, server.url("wrong.gz"), server.url("toy.gz"))
    server.answer("wrong.gz", good(gzip.compress(b"wrong")))
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert server.requests == ["wrong.gz", "toy.gz"]


def test_closed_port_is_named(server, toy, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/toy.gz"
        readdress(monkeypatch, toy, url)
        message = failure()
    assert "127.0.0.1: It cannot be reached" in message
    assert "Connection refused" in message
    assert "network connection" in message


def test_network_that_never_answers_is_not_waited_for(toy, monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(download, "QUIET_SECONDS", 0.1)

    def hang(*arguments, **options):
        end.wait(30)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    message = failure()
    end.set()
    assert "cannot be reached or is too slow (no answer in 0.1 s)" in message


def test_offline_asks_no_server(server, toy, monkeypatch):
    server.answer("toy.gz", good(BODY))
    monkeypatch.setenv("KARPA_OFFLINE", "1")
    assert "KARPA_OFFLINE" in failure()
    assert server.requests == []
    monkeypatch.setenv("KARPA_OFFLINE", "0")
    assert fetched() == CONTENT


def test_loader_explains_and_goes_on_with_its_default(server, toy, capsys):
    server.answer("toy.gz", status(404))
    assert store.fetch_or_explain("toy") is None
    printed = capsys.readouterr().out
    assert "404" in printed
    assert "Used instead of Toy set: nothing." in printed
