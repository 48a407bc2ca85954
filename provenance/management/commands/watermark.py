"""`manage.py watermark embed|detect`: mark files, read marks, no database. Exit 0 fine, 1 some failed, 2 usage.

Key: `--key-file`, `--key HEX`, or one derived from this deployment's master key for the command line alone, so that
`embed` and `detect` agree on one deployment. It is nobody's organisation key: clips that the service delivered are
read by `/verify`, not by this command.

Files are read as the service reads uploads: several channels are averaged to one, rates above 48 kHz brought down to
it. The output is mono, in the format that its name ends with, at the input's rate where the format has that rate.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.errors import SaysoError
from provenance import marking, watermark
from provenance.audio.decoding import decode
from provenance.audio.encoding import OPUS_RATES, RATES, Output
from provenance.marking import Marked

FAILED, USAGE = 1, 2
LEAST_KEY_BYTES: Final = 16
PURPOSE: Final = b"sayso watermark command line v1"
CODECS: Final = {".wav": "wav", ".mp3": "mp3", ".flac": "flac", ".ogg": "ogg", ".opus": "opus"}
QUIET_SECONDS: Final = 2.0


class Command(BaseCommand):
    help = "Write a 32-bit token into speech files, or read the tokens that are in files."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="embed|detect")
        embed = verbs.add_parser("embed", help="write a token into one file, or into many with --batch")
        embed.add_argument("paths", nargs="*", metavar="IN OUT", help="the file to mark and the file to write")
        embed.add_argument("--token", metavar="HEX8", help="the token: eight hexadecimal digits")
        embed.add_argument("--batch", metavar="LIST.jsonl", help='lines of {"in": …, "out": …, "token": HEX8}')
        detect = verbs.add_parser("detect", help="read the token of each file")
        detect.add_argument("files", nargs="+", metavar="FILE")
        detect.add_argument("--segments", action="store_true", help="say which seconds of each file carry which token")
        for verb in (embed, detect):
            verb.add_argument("--json", action="store_true", help="one JSON object a file")
            key = verb.add_mutually_exclusive_group()
            key.add_argument("--key", metavar="HEX", help="the key as hexadecimal digits (seen by other processes!)")
            key.add_argument("--key-file", metavar="FILE", help="a file that holds the key as hexadecimal digits")

    def handle(self, *_args: Any, **options: Any) -> None:
        key = _key(options["key"], options["key_file"])
        progress = _Progress(self.stderr)
        if options["verb"] == "detect":
            lines = progress.over([_Reading(file, key, segments=options["segments"]) for file in options["files"]])
        else:
            lines = progress.over([_Marking(order, key) for order in _orders(options)])
        failed = False
        for line, text in lines:
            failed |= "error" in line
            self.stdout.write(json.dumps(line, ensure_ascii=False) if options["json"] else text)
            self.stdout.flush()
        if failed:
            sys.exit(FAILED)


class _Work(Protocol):
    """One file to deal with."""

    file: str

    def done(self) -> tuple[dict[str, Any], str]:
        """Deal with it; its line, as an object and as text."""


class _Reading:
    """One file to read a token from."""

    def __init__(self, file: str, key: bytes, *, segments: bool) -> None:
        self.file, self._key, self._segments = file, key, segments

    def done(self) -> tuple[dict[str, Any], str]:
        """The line of the file, as an object and as text."""
        line: dict[str, Any] = {"file": self.file, "token": None, "score": 0.0, "scheme": watermark.SCHEME}
        try:
            sound = decode(Path(self.file).read_bytes()).sound
        except (SaysoError, OSError) as error:
            line["error"] = _reason(error)
            return line, f"{self.file}: {line['error']}"
        if self._segments:
            line["segments"] = [
                {
                    "start_s": round(segment.start_s, 2),
                    "end_s": round(segment.end_s, 2),
                    "token": f"{segment.token:08x}",
                    "score": round(segment.score, 3),
                    "identity": _hexadecimal(segment.identity),
                }
                for segment in watermark.segments(sound.samples, sound.rate, keys={"": self._key})
            ]
        reading = watermark.detect(sound.samples, sound.rate, key=self._key)
        if reading is None:
            return line, f"{self.file}: no mark"
        line |= {"token": f"{reading.token:08x}", "score": round(reading.score, 3)}
        line |= {"speed": reading.speed, "tempo": round(reading.tempo, 5), "identity": _hexadecimal(reading.identity)}
        return line, f"{self.file}: {line['token']} (score {line['score']})"


class _Marking:
    """One file to mark. `order` is a line of the batch: what it must hold is checked here, so that others go on."""

    def __init__(self, order: Mapping[str, Any], key: bytes) -> None:
        self._order, self._key = order, key
        self.file = str(order.get("in", "?"))

    def done(self) -> tuple[dict[str, Any], str]:
        """The line of the file, as an object and as text."""
        line: dict[str, Any] = {name: self._order.get(name) for name in ("in", "out", "token")}
        line["scheme"] = watermark.SCHEME
        try:
            marked = self._mark()
        except (SaysoError, OSError, _BadOrder) as error:
            line["error"] = _reason(error)
            return line, f"{self.file}: {line['error']}"
        line |= {
            "margin_db": marked.margin_milli_db / 1000,
            "score": marked.score_milli / 1000,
            "checks": list(marked.checks),
            "attempts": marked.attempts,
        }
        return line, f"{self.file}: marked {line['token']} in {line['out']} (score {line['score']})"

    def _mark(self) -> Marked:
        if error := self._order.get("error"):
            raise _BadOrder(error)
        source, target = (_path(self._order.get(name), name) for name in ("in", "out"))
        token = _token(self._order.get("token"))
        codec = CODECS.get(target.suffix.lower())
        if codec is None:
            raise _BadOrder(f"the output must end in {', '.join(CODECS)}")
        sound = decode(source.read_bytes()).sound
        output = Output(codec=codec, sample_rate_hz=_rate(codec, sound.rate))
        marked = marking.mark(sound, token=token, key=self._key, output=output)
        unfinished = target.with_name(f".{target.name}.part")
        try:
            unfinished.write_bytes(marked.data)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return marked


class _BadOrder(Exception):
    """A line that does not say what to do; the message is the whole story."""


class _Progress:
    """A line on stderr every two seconds, for work that takes longer than that."""

    def __init__(self, stderr: Any) -> None:
        self._stderr = stderr
        self._next = time.monotonic() + QUIET_SECONDS

    def over(self, work: Sequence[_Work]) -> Iterator[tuple[dict[str, Any], str]]:
        """Do the pieces of work in turn."""
        for count, piece in enumerate(work):
            if time.monotonic() >= self._next:
                self._stderr.write(f"{count} of {len(work)} files, now {piece.file}")
                self._next = time.monotonic() + QUIET_SECONDS
            yield piece.done()


def _key(digits: str | None, file: str | None) -> bytes:
    """The key that the options name, or the command line's own."""
    if file is not None:
        try:
            digits = Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The key file cannot be read ({_reason(error)}).", returncode=USAGE) from error
    if digits is None:
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=PURPOSE)
        return kdf.derive(settings.SAYSO_MASTER_KEY.encode())
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        _misused("The key must be hexadecimal digits.")
    if len(key) < LEAST_KEY_BYTES:
        _misused(f"The key must have at least {2 * LEAST_KEY_BYTES} hexadecimal digits.")
    return key


def _orders(options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What to mark: the two paths of the command line, or the lines of the batch."""
    paths, token = options["paths"], options["token"]
    if options["batch"] is None:
        if len(paths) != 2 or token is None:
            _misused("embed wants --token HEX8 IN OUT, or --batch LIST.jsonl.")
        try:
            _token(token)
        except _BadOrder as error:
            _misused(f"{str(error).capitalize()}.")
        return [{"in": paths[0], "out": paths[1], "token": token}]
    if paths or token is not None:
        _misused("--batch takes its files and tokens from the list alone.")
    try:
        text = Path(options["batch"]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The list cannot be read ({_reason(error)}).", returncode=USAGE) from error
    return [_order(line) for line in text.splitlines() if line.strip()]


def _order(line: str) -> Mapping[str, Any]:
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    return order if isinstance(order, dict) else {"error": "the line is not a JSON object"}


def _path(value: object, name: str) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _BadOrder(f"`{name}` must be the name of a file")
    return Path(value)


def _token(value: object) -> int:
    if not isinstance(value, str) or len(value) != 8 or not set(value) <= set("0123456789abcdefABCDEF"):
        raise _BadOrder("the token must be eight hexadecimal digits")
    return int(value, 16)


def _rate(codec: str, rate: int) -> int:
    """The input's rate where the format has it, else the next higher one that it has."""
    rates = OPUS_RATES if codec == "opus" else RATES
    return next((known for known in rates if known >= rate), rates[-1])


def _hexadecimal(identity: int | None) -> str | None:
    return None if identity is None else f"{identity:032x}"


def _reason(error: Exception) -> str:
    """One line about what went wrong, without the parts of it that name the machine."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, SaysoError):
        reason = error.facts.get("reason")
        return f"{error.detail} ({reason})" if reason else error.detail
    return str(error)


def _misused(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=USAGE)
