"""`manage.py bootstrap`: make the first organisation, its owner, one test and one live key."""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import DatabaseError, transaction

from accounts import api_key_changes, provisioning
from accounts.models import Organisation, Role
from core import clock
from core.errors import SaysoError

ACTOR = "command:bootstrap"


class Command(BaseCommand):
    help = (
        "Make an organisation with its owner, one test key and one live key with all scopes. Shows "
        "the secrets once."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--organisation", required=True, metavar="NAME", help="its name, not taken yet"
        )
        parser.add_argument("--email", help="the owner's login (owner@NAME.example when left out)")
        parser.add_argument(
            "--contact",
            help="how people reach it: e-mail, https or postal address (the owner's login)",
        )
        parser.add_argument(
            "--dpo", help="how people reach its data protection officer, if it has one"
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = " ".join(options["organisation"].split())
        if not 1 <= len(name) <= 200:
            raise CommandError("the name of an organisation has 1 to 200 characters")

        email = options["email"] or f"owner@{_slug_from_name(name)}.example"
        try:
            validate_email(email)
            made = _create_accounts(
                name, email, contact=options["contact"] or email, dpo=options["dpo"] or ""
            )
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address") from error
        except SaysoError as error:
            raise CommandError(error.detail) from error
        except DatabaseError as error:
            raise CommandError(
                "the database is not ready; run `manage.py migrate` first"
            ) from error

        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False))
        else:
            self.stdout.write(_format_result(name, made))


@transaction.atomic
def _create_accounts(name: str, email: str, *, contact: str, dpo: str) -> dict[str, str]:
    at = clock.now()
    password = secrets.token_urlsafe(18)

    organisation = provisioning.create_organisation(name=name, at=at, reached_at=contact, dpo=dpo)
    provisioning.create_member(
        organisation=organisation, email=email, password=password, role=Role.OWNER, at=at
    )
    return {
        "organisation": organisation.id,
        "owner_email": email,
        "owner_password": password,
        "test_key": _issue_key(organisation, livemode=False),
        "live_key": _issue_key(organisation, livemode=True),
    }


def _issue_key(organisation: Organisation, *, livemode: bool) -> str:
    issued = api_key_changes.issue_key(
        organisation=organisation,
        product="first steps",
        livemode=livemode,
        actor=ACTOR,
        at=clock.now(),
    )
    return issued.secret


def _slug_from_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "organisation"


def _format_result(name: str, made: dict[str, str]) -> str:
    return "\n".join(
        (
            f"Organisation  {name} ({made['organisation']})",
            f"Owner         {made['owner_email']}",
            f"Password      {made['owner_password']}",
            f"Test key      {made['test_key']}",
            f"Live key      {made['live_key']}",
            "",
            "Keep them now: secrets are not stored and cannot be shown again.",
        )
    )
