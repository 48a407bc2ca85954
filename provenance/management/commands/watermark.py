"""`manage.py watermark embed|detect|export-key`: mark files, read marks.

Exit 0 fine, 1 some failed, 2 usage.

Schemes: our own (`sayso-speech/1`, 32-bit tokens) and audiowmark's (128 bits). `embed` writes ours
unless `--scheme` says otherwise. `detect` looks for the other where it does not find ours, and with
`--every-scheme` for both in any case. Key: `--key-file` (hexadecimal digits, or a key file of the
audiowmark program), `--key HEX`, or one for each scheme derived from this deployment's master key
for the command line alone, so that `embed` and `detect` agree on one deployment. It is no
organisation's key: clips that the service delivered are read by `/verify`. `export-key` writes the
audiowmark key of an organisation's year, or the command line's, as a file for that program. The
export of an organisation's key is logged. Nothing else here uses the database.

So `embed` writes whatever token it is told and does not know what was marked before. Copies of one
sound with tokens of their own average out: of the mean of two one token is still read, of four one
at most (with 5 of 12 keys, none with the other 7). Give copies of one sound one token. The service
does so by itself (`provenance.clips.shared_tokens`).

Files are read as the service reads uploads: several channels are averaged to one, rates above 48
kHz brought down to it. The output is mono, in the format that its name ends with, at the input's
rate where the format has that rate.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

import watermark
from core import clock
from core.errors import SaysoError
from provenance.management import watermark_schemes
from provenance.management.watermark_file_work import (
    BadOrder,
    FileMarking,
    FileReading,
    Progress,
    describe_file_error,
    parse_token,
)
from provenance.management.watermark_key_export import export_key, write_key
from watermark import audiowmark

FAILED, USAGE = 1, 2
SCHEMES: Final = (watermark.SCHEME, audiowmark.SCHEME)
COPIES: Final = (
    "Give copies of one sound the same token. With tokens of their own their marks average out: "
    "from a mix of four of them one at most is still read, and often none. Clips that the service "
    "makes share a token by themselves."
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
        detect = verbs.add_parser("detect", help="read the token of each file")
        export = verbs.add_parser("export-key", help="write a key file for the audiowmark program")

        _add_embed_arguments(embed)
        _add_detect_arguments(detect)
        for verb in (embed, detect):
            _add_key_arguments(verb)
        _add_export_arguments(export)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["verb"] == "export-key":
            self._export(options)
            return
        tried = watermark_schemes.list_schemes(
            _read_secret(options["key"], options["key_file"]), master=settings.SAYSO_MASTER_KEY
        )
        if options["scheme"] is not None:
            tried = tuple(scheme for scheme in tried if scheme.name == options["scheme"])
        progress = Progress(self.stderr)
        if options["verb"] == "detect":
            asked = {"segments": options["segments"], "every": options["every_scheme"]}
            lines = progress.over([FileReading(file, tried, **asked) for file in options["files"]])
        else:
            lines = progress.over(
                [FileMarking(order, tried[0]) for order in _read_orders(options, tried[0].digits)]
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
                f"The key was not written ({describe_file_error(error)}).", returncode=FAILED
            ) from error
        self.stdout.write(f"wrote {options['file']}")


def _add_embed_arguments(embed: ArgumentParser) -> None:
    embed.add_argument(
        "paths", nargs="*", metavar="IN OUT", help="the file to mark and the file to write"
    )
    embed.add_argument(
        "--token", metavar="HEX", help="the token: 8 hexadecimal digits, 32 for audiowmark"
    )
    embed.add_argument(
        "--batch", metavar="LIST.jsonl", help='lines of {"in": …, "out": …, "token": HEX}'
    )


def _add_detect_arguments(detect: ArgumentParser) -> None:
    detect.add_argument("files", nargs="+", metavar="FILE")
    detect.add_argument(
        "--segments", action="store_true", help="say which seconds of each file carry which token"
    )
    detect.add_argument(
        "--every-scheme",
        action="store_true",
        help="look for the others where one was found, too",
    )


def _add_key_arguments(verb: ArgumentParser) -> None:
    verb.add_argument("--scheme", choices=SCHEMES, help="this scheme alone")
    verb.add_argument("--json", action="store_true", help="one JSON object a file")
    key = verb.add_mutually_exclusive_group()
    key.add_argument(
        "--key", metavar="HEX", help="the key as hexadecimal digits (seen by other processes!)"
    )
    key.add_argument("--key-file", metavar="FILE", help="a file that holds the key")


def _add_export_arguments(export: ArgumentParser) -> None:
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


def _read_secret(digits: str | None, file: str | None) -> bytes | None:
    """Return the key that the options name, or None when they name none.

    Raises CommandError for a key that cannot be read.
    """
    try:
        if file is not None:
            return watermark_schemes.read_key_secret(Path(file))
        return watermark_schemes.parse_secret(digits) if digits is not None else None
    except watermark_schemes.BadKey as error:
        raise CommandError(str(error), returncode=USAGE) from error
    except OSError as error:
        raise CommandError(
            f"The key file cannot be read ({describe_file_error(error)}).", returncode=USAGE
        ) from error


def _read_orders(options: Mapping[str, Any], digits: int) -> list[Mapping[str, Any]]:
    """Return what to mark: the two paths of the command line, or the lines of the batch.

    Raises CommandError.
    """
    paths, token = options["paths"], options["token"]
    if options["batch"] is None:
        if len(paths) != 2 or token is None:
            _refuse_usage("embed wants --token HEX IN OUT, or --batch LIST.jsonl.")
        try:
            parse_token(token, digits)
        except BadOrder as error:
            _refuse_usage(f"{str(error).capitalize()}.")
        return [{"in": paths[0], "out": paths[1], "token": token}]
    if paths or token is not None:
        _refuse_usage("--batch takes its files and tokens from the list alone.")
    try:
        text = Path(options["batch"]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"The list cannot be read ({describe_file_error(error)}).", returncode=USAGE
        ) from error
    return [_parse_order(line) for line in text.splitlines() if line.strip()]


def _parse_order(line: str) -> Mapping[str, Any]:
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    return order if isinstance(order, dict) else {"error": "the line is not a JSON object"}


def _refuse_usage(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=USAGE)
