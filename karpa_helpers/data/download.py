"""One download by pooch, bounded in time and size, with one message for whatever goes wrong."""

from __future__ import annotations

import errno
import re
import shutil
import threading
import time
from pathlib import Path
from typing import IO, Any

from karpa_helpers.data.errors import DataError, cache_writes, disk_is_full, megabytes

CONNECT_SECONDS = 3.0
# In any such time at least so many bytes must come.
QUIET_SECONDS = 10.0
LEAST_BYTES = 1 << 15
ATTEMPTS = 3
PAUSE_SECONDS = 0.5
CHUNK = 1 << 13
BAR_SECONDS = 2.0  # a download that takes longer shows a progress bar
# Some hosts refuse a client that does not look like a browser.
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; karpa-helpers)", "Accept-Encoding": "identity"}


def download(url: str, path: Path, size: int, space: int) -> None:
    """Downloads a file.

    Args:
        url: The address.
        path: The file to make.
        size: Bytes expected, about.
        space: Bytes that must be free on the disk.

    Raises:
        DataError: The address cannot be reached, is too slow or answers with something else.
        CacheError: The folder cannot be written.
    """
    from tqdm import tqdm

    style = {"unit": "B", "unit_scale": True, "leave": False, "delay": BAR_SECONDS}
    outcome: list[Exception | None] = []
    with cache_writes(path.parent, space):
        if shutil.disk_usage(path.parent).free < space:
            raise OSError(errno.ENOSPC, "disk full")
        with path.open("wb") as file, tqdm(desc=path.name, total=size, **style) as bar:
            target = _Target(url, size, file, bar)
            # A thread, because no time-out holds for the look-up of a name or for a server that
            # sends a byte a second. Where it is given up, the closed file ends it.
            run = threading.Thread(target=lambda: outcome.append(_try(target)), daemon=True)
            run.start()
            while not outcome:
                before = target.received
                run.join(QUIET_SECONDS)
                if not outcome and target.received - before < LEAST_BYTES:
                    came = f"{megabytes(target.received)} came" if target.received else "no answer"
                    outcome.append(_failure(f"is too slow ({came} in {QUIET_SECONDS:g} s)"))
            if outcome[0] is not None:
                raise outcome[0]


class _Target:
    """What pooch writes to: a file that refuses what cannot be the one expected."""

    def __init__(self, url: str, size: int, file: IO[bytes], bar: Any) -> None:
        self.url, self.size, self.file, self.bar = url, size, file, bar
        self.flush = file.flush
        self.received = 0  # by all attempts

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.bar.n = 0

    def write(self, chunk: bytes) -> None:
        start = self.file.tell()
        if start == 0 and re.match(rb"\s*(<!doctype html|<html)", chunk, re.IGNORECASE):
            raise DataError(
                f"It sent a web page instead of {Path(self.file.name).name}. Often this is the "
                "sign-in page of a hotel, campus or company network: open any page in a browser, "
                "sign in, and try again."
            )
        if start + len(chunk) > 2 * self.size + 2**24:
            raise DataError(f"It sends far more than the {megabytes(self.size)} expected.")
        self.received += self.file.write(chunk)
        self.bar.update(len(chunk))


def _try(target: _Target) -> Exception | None:
    """Downloads a file, at the third attempt at the latest; returns what went wrong."""
    from pooch import HTTPDownloader

    get = HTTPDownloader(
        chunk_size=CHUNK,
        headers=HEADERS,
        timeout=(CONNECT_SECONDS, QUIET_SECONDS),
        hooks={"response": _check_answer},
    )
    reason: BaseException | None = None
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE_SECONDS * attempt)
        try:
            target.restart()
            get(target.url, target, None)
            return None
        except Exception as error:  # whatever a server does, the next address is to be asked
            if isinstance(error, DataError) or disk_is_full(error):
                return error
            reason = error
            while reason.__context__ is not None:  # down to what the system said
                reason = reason.__context__
    return _failure(f"failed {ATTEMPTS} times ({type(reason).__name__}: {str(reason)[:200]})")


def _check_answer(response: Any, **_: Any) -> None:
    """Refuses an answer without the file, unless another attempt may help."""
    status = response.status_code
    if status != 200 and status != 429 and status < 500 and not response.is_redirect:
        raise DataError(
            f"{response.url[:200]} answered {status}: the file has moved or is not public. Tell "
            "the course's authors; until then use a mirror (KARPA_DATA_MIRROR)."
        )
    if response.is_redirect:
        response.raw.close()  # requests would read its body whole, whatever comes
    # A .gz file must not be unpacked because the server declares it as such.
    response.raw.headers.discard("Content-Encoding")


def _failure(fault: str) -> DataError:
    remedy = "Check the network connection or try again later"
    if "CERTIFICATE" in fault:
        remedy = "Check the computer's date; behind a company proxy, set REQUESTS_CA_BUNDLE"
    return DataError(
        f"It cannot be reached or {fault}. {remedy}, or use a mirror (KARPA_DATA_MIRROR)."
    )
