"""The table of stable codes: complete, in words, and with a page for each."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from django.test import Client

from config import error_codes, error_remedies, problems
from core import errors

pytestmark = pytest.mark.once

FAULT: Final = re.compile(
    r"""(?:Fault|ValidationError|ErrorDetail)\([^=]*?code=["']([a-z_]+)["']"""
)
OUR_CODE: Final = [path for room in sorted(error_codes.OURS) for path in Path(room).rglob("*.py")]


def kinds(of: type[errors.SaysoError] = errors.SaysoError) -> list[type[errors.SaysoError]]:
    below = [kind for child in of.__subclasses__() for kind in kinds(child)]
    return [kind for kind in (of, *below) if kind.__module__.partition(".")[0] in error_codes.OURS]


class TestTheTable:
    @pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
    def test_knows_every_error_with_its_status(self, kind: type[errors.SaysoError]) -> None:
        found = error_codes.problem_codes()[kind.code]
        assert found.status in {status for _, status, _ in problems.STATUS}
        assert found.meaning.endswith(".")

    def test_knows_every_fault_of_a_field_with_the_status_that_it_has_as_a_problem(self) -> None:
        used = {code for path in OUR_CODE for code in FAULT.findall(path.read_text())}
        assert {"exclusion_unknown", "unknown_field"} <= used
        unknown = {
            code
            for code in used
            if getattr(error_codes.get_error_code(code), "status", None) != 422
        }
        assert unknown - set(error_codes.WARNINGS) == set()

    def test_knows_why_the_gate_refuses(self) -> None:
        assert error_codes.get_error_code("language_not_covered") is not None


class TestThePages:
    @pytest.mark.parametrize(
        "code", ["consent_denied", "sample_too_short", "hold", "unknown_field", "internal"]
    )
    def test_say_what_a_code_means(self, code: str) -> None:
        answer = Client().get(f"/problems/{code}")
        assert answer.status_code == 200
        assert code in answer.content.decode()

    def test_are_where_the_type_of_a_problem_leads(self) -> None:
        kind = Client().get("/v1/nothing").json()["type"]
        assert Client().get("/problems/" + kind.rpartition("/")[2]).status_code == 200

    @pytest.mark.parametrize("code", sorted(error_remedies.REMEDIES))
    def test_say_what_to_do_in_one_line(self, code: str) -> None:
        assert error_codes.get_error_code(code) is not None
        page = html.unescape(Client().get(f"/problems/{code}").content.decode())
        assert (
            f"<h2>What to do</h2>\n<p>{error_remedies.REMEDIES[code].replace('`', '')}</p>"
            in page.replace("<code>", "").replace("</code>", "")
        )
        assert "`" not in page.partition("How it looks")[0]

    @pytest.mark.parametrize(
        ("code", "part"),
        [
            ("consent_denied", '"status": 403'),
            ("language_not_covered", '"reasons": ['),
            ("unknown_field", '"attr": "…"'),
        ],
    )
    def test_show_how_a_code_looks_in_an_answer(self, code: str, part: str) -> None:
        page = html.unescape(Client().get(f"/problems/{code}").content.decode())
        assert part in page
        assert f'"code": "{code}"' in page

    def test_leave_no_reason_and_no_field_without_something_to_do(self) -> None:
        assert [
            name for name in error_codes.inner_codes() if name not in error_remedies.REMEDIES
        ] == []

    @pytest.mark.parametrize("status", [401, 413, 415, 422, 429])
    def test_leave_no_mistake_of_a_caller_without_something_to_do(self, status: int) -> None:
        mistakes = {
            name for name, code in error_codes.problem_codes().items() if code.status == status
        }
        # Both are an operator's, not a caller's.
        operators = {"backup_unreadable", "certificate_chain_invalid"}
        assert mistakes - set(error_remedies.REMEDIES) <= operators

    def test_link_every_reason_and_field(self) -> None:
        page = Client().get("/problems/").content.decode()
        assert [
            name for name in error_codes.inner_codes() if f'href="/problems/{name}"' not in page
        ] == []

    def test_list_all_of_them(self) -> None:
        page = Client().get("/problems/").content.decode()
        assert [
            name for name in error_codes.problem_codes() if f"/problems/{name}" not in page
        ] == []

    @pytest.mark.parametrize("code", ["nothing", "%00", "<b>", "a" * 5000])
    def test_exist_for_nothing_else(self, code: str) -> None:
        assert Client().get(f"/problems/{code}").status_code == 404


class TestAnErrorOutsideTheKnownKinds:
    def test_is_told_as_ours_and_not_as_a_crash(self) -> None:
        class Odd(errors.SaysoError):
            """Something odd."""

        status, body, _ = problems.describe_error(Odd("x"))
        assert (status, body["code"], body["title"]) == (500, "internal", "Internal error")


class TestAFreshProcess:
    """Only the errors of loaded modules are known, and a process loads what it needs."""

    def codes(self, *before: str, environment: dict[str, str]) -> list[str]:
        lines = [
            "import django",
            "django.setup()",
            *before,
            "from config import error_codes",
            "print(*error_codes.problem_codes())",
        ]
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return sorted(done.stdout.split())

    def test_knows_the_codes_of_every_module(self) -> None:
        defining = [
            ".".join(path.with_suffix("").parts)
            for path in OUR_CODE
            if re.search(r'^    code = "', path.read_text(encoding="utf-8"), re.MULTILINE)
        ]
        whole = ("import importlib", f"list(map(importlib.import_module, {defining!r}))")
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
        fresh = self.codes(environment=environment)
        assert fresh == self.codes(*whole, environment=environment)
        assert "outsider_away" in fresh
