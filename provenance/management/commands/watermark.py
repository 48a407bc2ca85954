"""`manage.py watermark embed|detect|export-key`: mark files, read marks.

Exit 0 fine, 1 some failed, 2 usage.

Schemes: our own (`sayso-speech/1`, 32-bit tokens) and audiowmark's (128 bits). `embed` writes ours
unless `--scheme` says otherwise; `detect` looks for the other where it does not find ours, with
`--every-scheme` for both anyway. Key: `--key-file` (hexadecimal digits, or a key file of the
audiowmark program), `--key HEX`, or one for each scheme derived from this deployment's master key
for the command line alone, so that `embed` and `detect` agree on one deployment. It is nobody's
organisation key: clips that the service delivered are read by `/verify`. `export-key` writes the
audiowmark key of an organisation's year, or the command line's, as a file for that program; the
former is logged. Nothing else here uses the database.

So `embed` writes whatever token it is told and does not know what was marked before. Copies of one
sound with tokens of their own average out: of the mean of two one token is still read, of four
none. Give copies of one sound one token. The service does so by itself
(`provenance.clips.shared_tokens`).

Files are read as the service reads uploads: several channels are averaged to one, rates above 48
kHz brought down to it. The output is mono, in the format that its name ends with, at the input's
rate where the format has that rate.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

import watermark
from audio.decoding import decode_untrusted
from audio.encoding import OPUS_RATES, RATES, Output
from core import clock
from core.errors import SaysoError
from provenance.management import watermark_schemes
from provenance.management.watermark_key_export import export_key, write_key
from provenance.management.watermark_schemes import SchemeCommand
from watermark import audiowmark

FAILED, USAGE = 1, 2
SCHEMES: Final = (watermark.SCHEME, audiowmark.SCHEME)
CODECS: Final = {
    ".wav": "wav",
    ".mp3": "mp3",
    ".m4a": "m4a",
    ".flac": "flac",
    ".ogg": "ogg",
    ".opus": "opus",
}
QUIET_SECONDS: Final = 2.0
COPIES: Final = (
    "Give copies of one sound the same token. With tokens of their own their marks average out: "
    "whoever has four can mix them, and nothing is read. Clips that the service makes share a "
    "token by themselves."
)


class Command(BaseCommand):
    help = "Write tokens into speech files, read the tokens that are in files, or give a key away."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="embed|detect|export-key")
        embed = verbs.add_parser(
            "embed",
            help="write a token into one file, or into many with --batch",
            description=COPIES,
        )
        embed.add_argument(
            "paths", nargs="*", metavar="IN OUT", help="the file to mark and the file to write"
        )
        embed.add_argument(
            "--token", metavar="HEX", help="the token: 8 hexadecimal digits, 32 for audiowmark"
        )
        embed.add_argument(
            "--batch", metavar="LIST.jsonl", help='lines of {"in": …, "out": …, "token": HEX}'
        )
        detect = verbs.add_parser("detect", help="read the token of each file")
        detect.add_argument("files", nargs="+", metavar="FILE")
        detect.add_argument(
            "--segments",
            action="store_true",
            help="say which seconds of each file carry which token",
        )
        detect.add_argument(
            "--every-scheme",
            action="store_true",
            help="look for the others where one was found, too",
        )
        for verb in (embed, detect):
            verb.add_argument("--scheme", choices=SCHEMES, help="this scheme alone")
            verb.add_argument("--json", action="store_true", help="one JSON object a file")
            key = verb.add_mutually_exclusive_group()
            key.add_argument(
                "--key",
                metavar="HEX",
                help="the key as hexadecimal digits (seen by other processes!)",
            )
            key.add_argument("--key-file", metavar="FILE", help="a file that holds the key")
        export = verbs.add_parser("export-key", help="write a key file for the audiowmark program")
        export.add_argument(
            "file", metavar="FILE", help="the file to write; there must be none of that name"
        )
        export.add_argument("--scheme", choices=("audiowmark",), required=True)
        export.add_argument(
            "--organisation", metavar="ID", help="whose key; without it the command line's own"
        )
        export.add_argument(
            "--epoch",
            type=int,
            metavar="YEAR",
            help="the year of the marks; without it the last one",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["verb"] == "export-key":
            self._export(options)
            return
        tried = watermark_schemes.list_schemes(
            _read_secret(options["key"], options["key_file"]), master=settings.SAYSO_MASTER_KEY
        )
        if options["scheme"] is not None:
            tried = tuple(scheme for scheme in tried if scheme.name == options["scheme"])
        progress = _Progress(self.stderr)
        if options["verb"] == "detect":
            asked = {"segments": options["segments"], "every": options["every_scheme"]}
            lines = progress.over([_Reading(file, tried, **asked) for file in options["files"]])
        else:
            lines = progress.over(
                [_Marking(order, tried[0]) for order in _read_orders(options, tried[0].digits)]
            )
        failed = False
        for line, text in lines:
            failed |= "error" in line
            self.stdout.write(json.dumps(line, ensure_ascii=False) if options["json"] else text)
            self.stdout.flush()
        if failed:
            sys.exit(FAILED)

    def _export(self, options: Mapping[str, Any]) -> None:
        if options["epoch"] is not None and options["organisation"] is None:
            _refuse_usage(
                "--epoch goes with --organisation: the command line's own key has no years."
            )
        try:
            if options["organisation"] is None:
                write_key(
                    Path(options["file"]),
                    watermark_schemes.derive_command_line_key(settings.SAYSO_MASTER_KEY),
                )
            else:
                export_key(
                    Path(options["file"]), options["organisation"], options["epoch"], at=clock.now()
                )
        except (SaysoError, OSError) as error:
            raise CommandError(
                f"The key was not written ({_describe_error(error)}).", returncode=FAILED
            ) from error
        self.stdout.write(f"wrote {options['file']}")


class _Work(Protocol):
    """One file to deal with."""

    file: str

    def run(self) -> tuple[dict[str, Any], str]:
        """Deal with it; its line, as an object and as text."""


class _Reading:
    """One file to read tokens from: by the first scheme that finds one, or by each when `every` is
    set.
    """

    def __init__(
        self, file: str, tried: Sequence[SchemeCommand], *, segments: bool, every: bool
    ) -> None:
        self.file, self._tried, self._segments, self._every = file, tried, segments, every

    def run(self) -> tuple[dict[str, Any], str]:
        """The line of the file, as an object and as text."""
        line: dict[str, Any] = {
            "file": self.file,
            "token": None,
            "score": 0.0,
            "scheme": self._tried[0].name,
        }
        try:
            sound = decode_untrusted(Path(self.file).read_bytes()).sound
        except (SaysoError, OSError) as error:
            line["error"] = _describe_error(error)
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


class _Marking:
    """One file to mark.

    `order` is a line of the batch: what it must hold is checked here, so that others go on.
    """

    def __init__(self, order: Mapping[str, Any], scheme: SchemeCommand) -> None:
        self._order, self._scheme = order, scheme
        self.file = str(order.get("in", "?"))

    def run(self) -> tuple[dict[str, Any], str]:
        """The line of the file, as an object and as text."""
        line: dict[str, Any] = {name: self._order.get(name) for name in ("in", "out", "token")}
        line["scheme"] = self._scheme.name
        try:
            line |= self._mark()
        except (SaysoError, OSError, _BadOrder) as error:
            line["error"] = _describe_error(error)
            return line, f"{self.file}: {line['error']}"
        return line, f"{self.file}: marked {line['token']} in {line['out']} (score {line['score']})"

    def _mark(self) -> dict[str, Any]:
        if error := self._order.get("error"):
            raise _BadOrder(error)
        source, target = (_parse_path(self._order.get(name), name) for name in ("in", "out"))
        token = _parse_token(self._order.get("token"), self._scheme.digits)
        codec = CODECS.get(target.suffix.lower())
        if codec is None:
            raise _BadOrder(f"the output must end in {', '.join(CODECS)}")
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
            yield piece.run()


def _read_secret(digits: str | None, file: str | None) -> bytes | None:
    """The key that the options name, if they do."""
    try:
        if file is not None:
            return watermark_schemes.read_secret(Path(file))
        return watermark_schemes.parse_secret(digits) if digits is not None else None
    except watermark_schemes.BadKey as error:
        raise CommandError(str(error), returncode=USAGE) from error
    except OSError as error:
        raise CommandError(
            f"The key file cannot be read ({_describe_error(error)}).", returncode=USAGE
        ) from error


def _read_orders(options: Mapping[str, Any], digits: int) -> list[Mapping[str, Any]]:
    """What to mark: the two paths of the command line, or the lines of the batch."""
    paths, token = options["paths"], options["token"]
    if options["batch"] is None:
        if len(paths) != 2 or token is None:
            _refuse_usage("embed wants --token HEX IN OUT, or --batch LIST.jsonl.")
        try:
            _parse_token(token, digits)
        except _BadOrder as error:
            _refuse_usage(f"{str(error).capitalize()}.")
        return [{"in": paths[0], "out": paths[1], "token": token}]
    if paths or token is not None:
        _refuse_usage("--batch takes its files and tokens from the list alone.")
    try:
        text = Path(options["batch"]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"The list cannot be read ({_describe_error(error)}).", returncode=USAGE
        ) from error
    return [_parse_order(line) for line in text.splitlines() if line.strip()]


def _parse_order(line: str) -> Mapping[str, Any]:
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    return order if isinstance(order, dict) else {"error": "the line is not a JSON object"}


def _parse_path(value: object, name: str) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _BadOrder(f"`{name}` must be the name of a file")
    return Path(value)


def _parse_token(value: object, digits: int) -> str:
    if (
        not isinstance(value, str)
        or len(value) != digits
        or not set(value) <= set("0123456789abcdefABCDEF")
    ):
        raise _BadOrder(f"the token must be {digits} hexadecimal digits")
    return value


def _choose_rate(codec: str, rate: int) -> int:
    """The input's rate where the format has it, else the next higher one that it has."""
    rates = OPUS_RATES if codec == "opus" else RATES
    return next((known for known in rates if known >= rate), rates[-1])


def _describe_error(error: Exception) -> str:
    """One line about what went wrong, without the parts of it that name the machine."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, SaysoError):
        reason = error.facts.get("reason")
        return f"{error.detail} ({reason})" if reason else error.detail
    return str(error)


def _refuse_usage(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=USAGE)
