"""A local server with faults, and what the tests of faults ask of a small data set."""

from __future__ import annotations

import dataclasses
import gzip
import io
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from karpa_helpers.data import sources, store

CONTENT = bytes(range(256)) * 1200  # 307,200 bytes: several chunks
FILES = {"a.txt": b"first" * 100, "b.txt": b"second" * 100}


class Server:
    """Answers `/name` by the behaviours listed for it in turn; the last one stays."""

    def __init__(self) -> None:
        self.behaviours: dict[str, list[Callable[[Handler], None]]] = {}
        self.requests: list[str] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.owner = self  # type: ignore[attr-defined]
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/{name}"

    def answer(self, name: str, *behaviours: Callable[[Handler], None]) -> None:
        self.behaviours[name] = list(behaviours)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Server = self.server.owner  # type: ignore[attr-defined]
        name = self.path.strip("/")
        server.requests.append(name)
        waiting = server.behaviours[name]
        (waiting.pop(0) if len(waiting) > 1 else waiting[0])(self)

    def log_message(self, *arguments: object) -> None:
        pass

    def reply(self, body: bytes, status: int = 200, send: int | None = None, **headers: str):
        """Sends `body`, or only its first `send` bytes although its full length is declared."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[:send])


def good(body: bytes, send: int | None = None):
    """A server that does all right, or closes the connection after `send` bytes."""
    return lambda handler: handler.reply(body, 200, send)


def raw(answer: bytes):
    """A server that sends these bytes, whatever they are, and closes the connection."""

    def behave(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    return behave


def status(code: int):
    return lambda handler: handler.reply(b"sorry", code)


def page(content_type: str):
    body = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
    return lambda handler: handler.reply(body, Content_Type=content_type)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def register(monkeypatch: pytest.MonkeyPatch, *items: sources.Item) -> sources.Source:
    source = sources.Source("toy", "Toy set", "nothing much", "none", items, "nothing")
    monkeypatch.setitem(sources.SOURCES, "toy", source)
    return source


def readdress(
    monkeypatch: pytest.MonkeyPatch, source: sources.Source, *urls: str
) -> sources.Source:
    """Registers the set anew at other addresses."""
    return register(monkeypatch, *(dataclasses.replace(i, urls=urls) for i in source.items))


def resized(monkeypatch: pytest.MonkeyPatch, source: sources.Source, size: int) -> None:
    """Registers the set anew with another size stated."""
    register(monkeypatch, *(dataclasses.replace(item, size=size) for item in source.items))


def leftovers() -> list[str]:
    """Files in the cache, the locks apart."""
    files = store.cache_folder().rglob("*")
    return sorted(path.name for path in files if path.is_file() and path.suffix != ".lock")


def fetched() -> bytes:
    return gzip.decompress(store.fetch("toy").paths["toy.gz"].read_bytes())


def failure() -> str:
    """The message of a fetch that must fail."""
    with pytest.raises(store.DataError) as caught:
        store.fetch("toy")
    return str(caught.value)
