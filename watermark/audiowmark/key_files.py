"""Keys and key files: 16 bytes with a name, in the text form of the audiowmark program."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 16
MOST_BYTES: Final = 65_536  # a key file has some hundred bytes, and a longer file is not read
_HEX: Final = frozenset(string.hexdigits)
_BARE: Final = frozenset(string.ascii_letters + string.digits + ".:=/-_")
_BLANK: Final = frozenset(" \t\r\n")


class KeyFileError(ValueError):
    """A key file that cannot be used.

    `line` is the number of the line at fault, from 1, or 0 for the whole file.
    """

    def __init__(self, problem: str, *, line: int = 0) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class AudiowmarkKey:
    """A key: 16 secret bytes, and the name under which a reading reports it."""

    secret: bytes = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError("an audiowmark key has 16 bytes")


def parse_key_file(text: str, *, name: str = "") -> AudiowmarkKey:
    """Return the key in a key file's text. `name` is its name when the file has none.

    Raises KeyFileError.
    """
    secret: bytes | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        match _split_tokens(line, number):
            case []:
                continue
            case ["key", digits]:
                if secret is not None:
                    raise KeyFileError("a second key", line=number)
                secret = _parse_secret(digits, number)
            case ["name", given]:
                name = given
            case _:
                raise KeyFileError(
                    "neither `key` and 32 hexadecimal digits nor `name` and one word", line=number
                )

    if secret is None:
        raise KeyFileError("the file holds no key")

    return AudiowmarkKey(secret=secret, name=name)


def read_key_file(path: Path) -> AudiowmarkKey:
    """Return the key in a key file. Without a name line it has the name of the file.

    Raises KeyFileError and OSError.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)

    if len(data) > MOST_BYTES:
        raise KeyFileError("the file is too long for a key file")

    try:
        # Some editors put a byte-order mark in front.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KeyFileError("not UTF-8", line=data[: error.start].count(b"\n") + 1) from error

    return parse_key_file(text, name=path.name)


def format_key_file(key: AudiowmarkKey) -> str:
    """Return the text of a key file.

    Raises KeyFileError for a name with control characters, which the form cannot hold.
    """
    lines = ["# watermarking key for audiowmark", "", f"key {key.secret.hex()}"]
    if key.name:
        if min(key.name) < " ":
            raise KeyFileError("a key's name holds no control characters")
        escaped = key.name.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'name "{escaped}"')

    return "\n".join(lines) + "\n"


def _parse_secret(digits: str, line: int) -> bytes:
    if not set(digits) <= _HEX:
        raise KeyFileError("the key must be hexadecimal digits", line=line)

    if len(digits) != 2 * KEY_BYTES:
        raise KeyFileError(
            f"the key must have {2 * KEY_BYTES} hexadecimal digits, not {len(digits)}", line=line
        )

    return bytes.fromhex(digits)


def _split_tokens(line: str, number: int) -> list[str]:
    """Return the words of a line, without its comment.

    Raises KeyFileError.
    """
    found: list[str] = []
    place = 0
    while place < len(line) and line[place] != "#":
        if line[place] in _BLANK:
            place += 1
            continue

        if line[place] == '"':
            word, place = _read_quoted_word(line, place + 1, number)
        else:
            word, place = _read_bare_word(line, place, number)
        found.append(word)

    return found


def _read_bare_word(line: str, start: int, number: int) -> tuple[str, int]:
    """Return a word without quotes, and where it ends."""
    end = start
    while end < len(line) and line[end] in _BARE:
        end += 1

    if end < len(line) and line[end] not in _BLANK and line[end] != "#":
        raise KeyFileError("a character that only a quoted word may hold", line=number)

    return line[start:end], end


def _read_quoted_word(line: str, start: int, number: int) -> tuple[str, int]:
    """Return a quoted word, whose opening quote is just before `start`, and where it ends."""
    word: list[str] = []
    place = start
    while place < len(line):
        if line[place] == '"':
            return "".join(word), place + 1

        # A backslash makes the next character part of the word.
        if line[place] == "\\":
            place += 1
        word.append(line[place : place + 1])
        place += 1

    raise KeyFileError("a quoted word without its closing quote", line=number)
