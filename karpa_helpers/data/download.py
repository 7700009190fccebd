"""One download over HTTP: progress, time-outs, retries, resume, and words for what goes wrong.

pooch would check and cache whole files, but it neither resumes a download nor judges a file by
what it holds, and both are needed here.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from karpa_helpers.data.errors import DataError, cache_writes, megabytes

if TYPE_CHECKING:  # requests takes long to import, and most runs need no network
    from requests import Response

REACH_SECONDS = 3.0  # to find the address and connect, all its servers together
READ_SECONDS = 10.0  # without a byte
RETRIES = 2
BACK_OFF_SECONDS = 0.5
CHUNK = 1 << 16
# Some hosts refuse a client that does not look like a browser.
USER_AGENT = "Mozilla/5.0 (compatible; karpa-helpers)"


class _Interrupted(Exception):  # noqa: N818  (no error yet: it may be tried again)
    """The transfer broke off. Another attempt may go on from there."""


class _Partial:
    """The part of a file that has come, with what the server said to know it again by."""

    def __init__(self, target: Path, url: str) -> None:
        self.path = target.with_name(target.name + ".part")
        self._notes = target.with_name(target.name + ".part.json")
        self._url = url

    def length(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def validator(self) -> str:
        """The server's name for the version of this part; empty where it cannot be resumed."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            return str(notes["validator"]) if notes["url"] == self._url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, response: Response) -> None:
        tag = response.headers.get("ETag", "")
        if tag.startswith("W/"):  # a weak tag does not promise the same bytes
            tag = ""
        notes = {"url": self._url, "validator": tag or response.headers.get("Last-Modified", "")}
        self._notes.write_text(json.dumps(notes), encoding="utf-8")

    def remove(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)


def download(url: str, target: Path, size: int) -> None:
    """Downloads a file beside `target`, then renames it to `target`.

    What has come when the connection breaks stays there, and the next attempt goes on from it
    where the server can do that.

    Args:
        url: The address.
        target: The file to write; its folder exists.
        size: Bytes expected, about.

    Raises:
        DataError: The address cannot be reached or answers with something else.
        CacheError: The folder cannot be written.
    """
    _reach(url)
    part = _Partial(target, url)
    best = failures = 0
    while True:
        try:
            with cache_writes(target.parent, size):
                _transfer(url, part, size)
                os.replace(part.path, target)
            break
        except _Interrupted as error:
            # An attempt that got further than all before is no failure of the address.
            failures = 1 if part.length() > best else failures + 1
            best = max(best, part.length())
            if failures > RETRIES:
                kept = f" The {megabytes(best)} that came are kept." if best else ""
                raise DataError(
                    f"{_host(url)} failed {failures} times ({error}). Try again later.{kept}"
                ) from error
            time.sleep(BACK_OFF_SECONDS * 2 ** (failures - 1))
        except DataError:
            part.remove()
            raise
    part.remove()


def _transfer(url: str, part: _Partial, size: int) -> None:
    """One attempt to get the rest of a file."""
    offset = part.length() if part.validator() else 0
    with _open(url, offset, part.validator()) as response:
        offset = _offset(response, offset, part)
        _refuse_web_page(url, response.headers.get("Content-Type", ""))
        if offset == 0:
            part.begin(response)
        left = int(response.headers.get("Content-Length", 0))
        with part.path.open("ab" if offset else "wb") as file:
            for chunk in _shown(_chunks(response), url, offset, offset + left or size):
                if file.tell() == 0:
                    _refuse_web_page(url, chunk[:100].decode("latin-1"))
                if file.tell() + len(chunk) > 2 * size + 2**24:
                    raise DataError(f"{url} sends far more than the {megabytes(size)} expected.")
                file.write(chunk)
    if part.length() < offset + left:  # urllib3 notices that from version 2 on only
        raise _Interrupted("the connection was closed before the end")


@contextmanager
def _open(url: str, offset: int, validator: str) -> Iterator[Response]:
    import requests

    # Compression on the way would make ranges and lengths ambiguous.
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    try:
        timeouts = (REACH_SECONDS, READ_SECONDS)
        response = requests.get(url, headers=headers, timeout=timeouts, stream=True)
    except requests.exceptions.SSLError as error:
        raise DataError(
            f"{_host(url)} could not prove who it is (bad certificate). Check the computer's date; "
            "behind a company proxy, set REQUESTS_CA_BUNDLE to its certificate."
        ) from error
    except requests.RequestException as error:
        raise _Interrupted(f"no answer: {type(error).__name__}") from error
    with response:
        yield response


def _offset(response: Response, asked: int, part: _Partial) -> int:
    """The position in the file of the response's first byte."""
    status = response.status_code
    if status == 200:  # the whole file, also where a range was asked for
        return 0
    if status == 206 and re.match(rf"bytes {asked}-", response.headers.get("Content-Range", "")):
        return asked
    if status in (206, 416):
        part.remove()
        raise _Interrupted("the server cannot go on from there")
    if status == 429 or status >= 500:
        raise _Interrupted(f"the server answered {status} {response.reason}")
    raise DataError(
        f"{response.url} answered {status} {response.reason}: the file has moved or is not public. "
        "Tell the course's authors; until then use a mirror (KARPA_DATA_MIRROR)."
    )


def _chunks(response: Response) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    try:
        # The raw bytes: a .gz file must not be unpacked because the server declares it as such.
        yield from response.raw.stream(CHUNK, decode_content=False)
    except (HTTPError, OSError) as error:
        raise _Interrupted(f"the connection broke: {type(error).__name__}") from error


def _shown(chunks: Iterator[bytes], url: str, done: int, total: int) -> Iterator[bytes]:
    """Passes chunks on and shows a progress bar for what takes longer than a second."""
    from tqdm import tqdm

    options = {"unit": "B", "unit_scale": True, "leave": False, "file": sys.stderr, "delay": 1}
    with tqdm(desc=Path(urlsplit(url).path).name, total=total, initial=done, **options) as bar:
        for chunk in chunks:
            bar.update(len(chunk))
            yield chunk


def _refuse_web_page(url: str, sign: str) -> None:
    """Raises DataError where a content type or a first line is that of a web page."""
    if not re.match(r"\s*(text/html|application/xhtml|<!doctype html|<html)", sign, re.IGNORECASE):
        return
    raise DataError(
        f"{_host(url)} answered with a web page instead of {Path(urlsplit(url).path).name}. Often "
        "this is the sign-in page of a hotel, campus or company network: open any page in a "
        "browser, sign in, and try again."
    )


def _reach(url: str) -> None:
    """Raises DataError where no connection to the host, or to the proxy set for it, is possible.

    requests gives its time-out to each server of a name in turn, and none to the name's look-up;
    this bounds all of it, so that a computer without a network does not wait long.
    """
    from requests.utils import get_environ_proxies, select_proxy

    goal = urlsplit(select_proxy(url, get_environ_proxies(url)) or url)
    port = goal.port or {"https": 443, "http": 80}.get(goal.scheme, 1080)
    fault = [f"no answer in {REACH_SECONDS:g} s"]

    def connect() -> None:
        try:
            socket.create_connection((goal.hostname or "", port), timeout=REACH_SECONDS).close()
            fault.clear()
        except OSError as error:
            fault[:] = [error.strerror or str(error)]

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    if fault:
        raise DataError(
            f"{goal.hostname} cannot be reached ({fault[0]}). Check the network connection, or use "
            "a mirror (KARPA_DATA_MIRROR)."
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
