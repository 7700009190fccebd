"""Each fault of the network: one clear message, nothing wrong used, the next attempt succeeds."""

from __future__ import annotations

import gzip
import socket
import threading

import pytest
from fault_server import CONTENT, failure, fetched, good, leftovers, page, register, resized, status

from karpa_helpers.data import download, sources, store

BODY = gzip.compress(CONTENT, mtime=0)
HALF = len(BODY) // 2


def test_good_download_is_cached(server, toy, capsys):
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert fetched() == CONTENT
    assert len(server.requests) == 1
    assert capsys.readouterr().out.count("Downloading toy.gz") == 1
    assert leftovers() == ["toy.gz"]


def test_cut_connection_is_resumed_from_where_it_broke(server, toy):
    server.answer("toy.gz", good(BODY, send=HALF), good(BODY))
    assert fetched() == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_connection_cut_each_time_fails_clearly_and_is_resumed_later(server, toy):
    server.answer("toy.gz", good(BODY, send=HALF), good(BODY, send=0))
    message = failure()
    assert "failed 3 times" in message
    assert f"The {HALF / 1e3:.1f} kB that came are kept" in message
    assert "closed" in message or "broke" in message
    assert "toy.gz" not in leftovers()
    server.requests.clear()
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert server.ranges() == [f"bytes={HALF}-"]
    assert leftovers() == ["toy.gz"]


def test_many_cuts_are_no_failure_while_each_attempt_gets_further(server, toy):
    step = len(BODY) // 8 + 1
    server.answer("toy.gz", good(BODY, send=step))
    assert fetched() == CONTENT
    assert len(server.requests) == 8


def test_server_that_ignores_ranges_is_asked_for_the_whole(server, toy):
    server.answer("toy.gz", good(BODY, send=HALF), good(BODY, ranges=False))
    assert fetched() == CONTENT


def test_file_that_changed_between_attempts_is_not_mixed(server, toy):
    old = bytes(reversed(BODY))
    server.answer("toy.gz", good(old, '"old"', send=HALF), good(BODY, '"new"'))
    assert fetched() == CONTENT


def test_part_that_is_too_long_is_thrown_away(server, toy):
    server.answer("toy.gz", good(BODY + b"more", send=len(BODY)), good(BODY))
    assert fetched() == CONTENT


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_tag_the_download_starts_again(server, toy, tag):
    server.answer("toy.gz", good(BODY, tag, send=HALF), good(BODY, tag))
    assert fetched() == CONTENT
    assert server.ranges() == [None, None]


def test_wrong_file_is_refused_and_removed(server, toy):
    server.answer("toy.gz", good(gzip.compress(b"something else")))
    assert "wrong checksum" in failure()
    assert leftovers() == []
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert server.ranges() == [None, None]


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
    assert len(server.requests) == download.RETRIES + 1


def test_server_that_falls_silent_is_given_up(server, toy, monkeypatch):
    monkeypatch.setattr(download, "READ_SECONDS", 0.1)
    end = threading.Event()

    def stall(handler):
        handler.reply(BODY, send=HALF, ETag='"one"')
        end.wait(10)

    server.answer("toy.gz", stall)
    assert "failed 3 times" in failure()
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
    item = toy.items[0]
    urls = (server.url("wrong.gz"), server.url("toy.gz"))
    register(monkeypatch, sources.Item(item.name, item.sha256, item.size, urls, "gzip"))
    server.answer("wrong.gz", good(gzip.compress(b"wrong")))
    server.answer("toy.gz", good(BODY))
    assert fetched() == CONTENT
    assert [name for name, _ in server.requests] == ["wrong.gz", "toy.gz"]


def test_closed_port_is_named(server, toy, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/toy.gz"
        item = toy.items[0]
        register(monkeypatch, sources.Item(item.name, item.sha256, item.size, (url,), "gzip"))
        message = failure()
    assert "127.0.0.1 cannot be reached" in message
    assert "network connection" in message


def test_network_that_never_answers_is_not_waited_for(toy, monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(download, "REACH_SECONDS", 0.1)

    def hang(*arguments, **options):
        end.wait(30)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", hang)
    message = failure()
    end.set()
    assert "cannot be reached (no answer in 0.1 s)" in message


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
