"""`manage.py credentials`: show and change what signs Content Credentials here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from core.clock import to_rfc3339
from core.errors import SaysoError
from provenance.c2pa import signing_authority


class Command(BaseCommand):
    help = "Show and change what signs the C2PA manifests of clips. Keys stay in the KMS."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        parts.add_parser("status", help="every key with its certificate, and which one signs")
        parts.add_parser("init", help="make a root and a leaf now instead of with the first clip")
        parts.add_parser(
            "rotate", help="sign with a new key from now on; what the old one signed stays trusted"
        )
        parts.add_parser("root", help="print the roots, as PEM")
        parts.add_parser(
            "request", help="make a key and print the request for its certificate (PKCS #10, PEM)"
        )
        install = parts.add_parser(
            "install", help="sign with the certificate that answers a request, from now on"
        )
        install.add_argument("chain", type=Path, help="PEM file, leaf first, root last; - is stdin")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        try:
            match options["part"]:
                case "init":
                    signing_authority.ensure_leaf(at=at)
                case "rotate":
                    signing_authority.rotate_leaf(at=at)
                case "install":
                    signing_authority.install_chain(_read_chain(options["chain"]), at=at)
                case "request":
                    self.stdout.write(signing_authority.request_certificate(at=at), ending="")
                    return
                case "root":
                    self.stdout.write(signing_authority.get_trust_anchors(), ending="")
                    return
                case _:
                    pass
        except SaysoError as error:
            raise CommandError(error.detail) from error

        for credential in signing_authority.list_credentials():
            until = (
                f"signed until {to_rfc3339(credential.retired_at)}"
                if credential.retired_at
                else _describe_role(credential.role)
            )
            subject = credential.subject or "no certificate yet"
            self.stdout.write(f"{credential.role:7}{credential.id[:16]}  {until:32}  {subject}")


def _describe_role(role: str) -> str:
    return {"leaf": "signs", "asked": "waits for its certificate"}.get(role, "trusted")


def _read_chain(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError("the chain cannot be read") from error
