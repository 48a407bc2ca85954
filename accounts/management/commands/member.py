"""`manage.py member`: changes to members by the operator, which no page offers yet.

Each change is on record.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import membership
from accounts.models import Organisation, Role
from core import clock
from core.errors import SaysoError

ACTOR = "command:member"


class Command(BaseCommand):
    help = (
        "Add a member, reset a password or a second factor, or give another role. "
        "A password is shown once."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the member's login")
        parser.add_argument(
            "--organisation", metavar="ID", help="whose member is added, unless there is one alone"
        )
        parser.add_argument(
            "--role", choices=Role.values, help="the role of who is added, or the new one"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--add", action="store_true", help="add this member; needs --role")
        what.add_argument(
            "--reset-password", action="store_true", help="set a new password and end all sessions"
        )
        what.add_argument(
            "--reset-second-factor",
            action="store_true",
            help="remove all factors and end all sessions",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
            self.stdout.write(_change_member(options))
        except ValidationError as error:
            raise CommandError("this is not an e-mail address") from error
        except SaysoError as error:
            raise CommandError(error.detail) from error


def _change_member(options: dict[str, Any]) -> str:
    at = clock.now()
    email = str(options["email"])
    if options["add"]:
        return _add_member(options, email)

    member = membership.get_member(email)

    if options["reset_password"]:
        password = membership.reset_password(member, actor=ACTOR, at=at)
        return (
            f"Password  {password}\nIt cannot be shown again. Every session of {member.email} has "
            "ended."
        )

    if options["reset_second_factor"]:
        membership.reset_second_factor(member, actor=ACTOR, at=at)
        return (
            f"The next login of {member.email} leads to setting up a second factor. Every session "
            "has ended."
        )

    if options["role"]:
        membership.change_role(member, Role(options["role"]), actor=ACTOR, at=at)
        return f"{member.email} is {options['role']} from now on."

    raise CommandError("say what to do: --add, --reset-password, --reset-second-factor or --role")


def _add_member(options: dict[str, Any], email: str) -> str:
    if not options["role"]:
        raise CommandError("--add needs --role")

    password = membership.add_member(
        organisation=_get_organisation(options["organisation"]),
        email=email,
        role=Role(options["role"]),
        actor=ACTOR,
        at=clock.now(),
    )

    return (
        f"Password  {password}\nIt cannot be shown again. The first login leads to setting up a "
        "second factor."
    )


def _get_organisation(given: str | None) -> Organisation:
    found = list(Organisation.objects.filter(id=given) if given else Organisation.objects.all()[:2])
    if len(found) != 1:
        raise CommandError(
            "say of which organisation, with --organisation ID"
            if not given
            else "there is no such organisation"
        )

    return found[0]
