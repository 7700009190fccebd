"""Text as files hold it: encodings, damaged lines, and one Unicode form for all comparisons."""

from __future__ import annotations

import codecs
import gzip
import re
import unicodedata
import zlib
from pathlib import Path

from karpa_helpers.data.archives import is_gzip
from karpa_helpers.data.errors import DataError

# Marks at the begin of a file; that of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
REMEDY = 'Save the file as UTF-8, or pass its encoding, such as encoding="cp1252" or "utf-16-le"'


def compose(text: str) -> str:
    """A text in normal form C, where "é" is one character however it was typed.

    Texts are hashed, compared and numbered in this form only.
    """
    return unicodedata.normalize("NFC", text)


def read_lines(path: str | Path, encoding: str = "utf-8") -> list[tuple[str, str]]:
    """Of each line of a file its text, and what is wrong with it: "" for nothing.

    The whole file is decoded before it is cut: a byte 0x0A may be half a character.

    Args:
        path: A text file, or one packed with gzip.
        encoding: Of a file that does not begin with a byte-order mark.

    Raises:
        DataError: The file cannot be read, or is not of that encoding from some place on.
    """
    file = Path(path).expanduser()
    try:
        content = file.read_bytes()
        if is_gzip(file):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:  # the last two: a damaged gzip file
        raise DataError(
            f"{file} cannot be read ({error}). Give the path of a text file, plain or packed with "
            "gzip."
        ) from error
    mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
    encoding = MARKS.get(mark, encoding)
    try:
        text = content[len(mark) :].decode(encoding, "surrogateescape")
    except LookupError as error:
        raise DataError(f'There is no encoding {encoding!r}. Try "utf-8" or "cp1252".') from error
    except UnicodeError as error:
        raise DataError(f"{file.name} is not {encoding} ({error}). {REMEDY}.") from error
    return [(line, _fault(line, encoding)) for line in re.split("\r\n|\n|\r", text)]


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    r"""The whole text of a file, as `read_lines` takes it, with "\n" for every end of a line.

    Raises:
        DataError: As `read_lines`, or a line has a fault.
    """
    lines = read_lines(path, encoding)
    for number, (_, fault) in enumerate(lines, start=1):
        if fault:
            raise DataError(f"{Path(path).name}, line {number}: {fault}. {REMEDY}.")
    return "\n".join(line for line, _ in lines)


def _fault(line: str, encoding: str) -> str:
    """What is wrong with the characters of a line."""
    if "\0" in line:
        return f"a NUL character: this is not {encoding}"
    if bad := re.search("[\udc80-\udcff]", line):  # a byte that could not be decoded
        column = len(line[: bad.start()].encode(encoding, "surrogateescape")) + 1
        return f"byte {column} (0x{ord(bad[0]) - 0xDC00:02x}) is not {encoding}"
    return ""
