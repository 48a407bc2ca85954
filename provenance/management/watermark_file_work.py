"""One file of `manage.py watermark`: read its tokens, or mark it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from audio.decoding import decode_untrusted
from audio.encoding import OPUS_RATES, RATES, Output
from core.errors import SaysoError
from provenance.management.watermark_schemes import SchemeCommand

CODECS: Final = {
    ".wav": "wav",
    ".mp3": "mp3",
    ".m4a": "m4a",
    ".flac": "flac",
    ".ogg": "ogg",
    ".opus": "opus",
}
QUIET_SECONDS: Final = 2.0


class FileWork(Protocol):
    """One file to deal with."""

    file: str

    def run(self) -> tuple[dict[str, Any], str]:
        """Do the work on this file, and return its line as an object and as text."""


class FileReading:
    """One file to read tokens from: by the first scheme that finds one, or by each when `every` is
    set.
    """

    def __init__(
        self, file: str, tried: Sequence[SchemeCommand], *, segments: bool, every: bool
    ) -> None:
        self.file, self._tried, self._segments, self._every = file, tried, segments, every

    def run(self) -> tuple[dict[str, Any], str]:
        """Return the line of the file, as an object and as text."""
        line: dict[str, Any] = {
            "file": self.file,
            "token": None,
            "score": 0.0,
            "scheme": self._tried[0].name,
        }
        try:
            sound = decode_untrusted(Path(self.file).read_bytes()).sound
        except (SaysoError, OSError) as error:
            line["error"] = describe_file_error(error)
            return line, f"{self.file}: {line['error']}"

        if self._segments:
            line["segments"] = [
                segment for scheme in self._tried for segment in scheme.segments(sound)
            ]

        readings = (
            reading for scheme in self._tried if (reading := scheme.read(sound)) is not None
        )
        found = list(readings if self._every else islice(readings, 1))
        if not found:
            return line, f"{self.file}: no mark"

        line |= found[0].as_json()
        if found[1:]:
            line["also"] = [reading.as_json() for reading in found[1:]]
        text = ", ".join(
            f"{reading.token} (score {reading.score:.3f}, {reading.scheme})" for reading in found
        )
        return line, f"{self.file}: {text}"


class FileMarking:
    """One file to mark.

    `order` is a line of the batch: what it must hold is checked here, so that others go on.
    """

    def __init__(self, order: Mapping[str, Any], scheme: SchemeCommand) -> None:
        self._order, self._scheme = order, scheme
        self.file = str(order.get("in", "?"))

    def run(self) -> tuple[dict[str, Any], str]:
        """Return the line of the file, as an object and as text."""
        line: dict[str, Any] = {name: self._order.get(name) for name in ("in", "out", "token")}
        line["scheme"] = self._scheme.name
        try:
            line |= self._mark()
        except (SaysoError, OSError, BadOrder) as error:
            line["error"] = describe_file_error(error)
            return line, f"{self.file}: {line['error']}"
        return line, f"{self.file}: marked {line['token']} in {line['out']} (score {line['score']})"

    def _mark(self) -> dict[str, Any]:
        if error := self._order.get("error"):
            raise BadOrder(error)

        source, target = (_parse_path(self._order.get(name), name) for name in ("in", "out"))
        token = parse_token(self._order.get("token"), self._scheme.digits)
        codec = CODECS.get(target.suffix.lower())
        if codec is None:
            raise BadOrder(f"the output must end in {', '.join(CODECS)}")

        sound = decode_untrusted(source.read_bytes()).sound
        output = Output(codec=codec, sample_rate_hz=_choose_rate(codec, sound.rate))
        data, facts = self._scheme.mark(sound, token, output)

        unfinished = target.with_name(f".{target.name}.part")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return facts


class BadOrder(Exception):
    """An order line that is incomplete or wrong. The message alone explains it."""


class Progress:
    """A line on stderr every two seconds, for work that takes longer than that."""

    def __init__(self, stderr: Any) -> None:
        self._stderr = stderr
        self._next = time.monotonic() + QUIET_SECONDS

    def over(self, work: Sequence[FileWork]) -> Iterator[tuple[dict[str, Any], str]]:
        """Do the pieces of work in turn."""
        for count, piece in enumerate(work):
            if time.monotonic() >= self._next:
                self._stderr.write(f"{count} of {len(work)} files, now {piece.file}")
                self._next = time.monotonic() + QUIET_SECONDS
            yield piece.run()


def _parse_path(value: object, name: str) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise BadOrder(f"`{name}` must be the name of a file")
    return Path(value)


def parse_token(value: object, digits: int) -> str:
    """Return the token. Raises BadOrder unless it has this many hexadecimal digits."""
    if (
        not isinstance(value, str)
        or len(value) != digits
        or not set(value) <= set("0123456789abcdefABCDEF")
    ):
        raise BadOrder(f"the token must be {digits} hexadecimal digits")
    return value


def _choose_rate(codec: str, rate: int) -> int:
    """Return the input's rate where the format has it, else the next higher one that it has."""
    rates = OPUS_RATES if codec == "opus" else RATES
    return next((known for known in rates if known >= rate), rates[-1])


def describe_file_error(error: Exception) -> str:
    """Return one line about what went wrong, without the parts of it that name the machine."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, SaysoError):
        reason = error.facts.get("reason")
        return f"{error.detail} ({reason})" if reason else error.detail
    return str(error)
