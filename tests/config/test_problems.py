"""Problem documents: each kind of error has its status, and no one's surprise reaches the
caller.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from unittest.mock import patch

import pytest
import redis
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as drf

from config import problems
from consent.errors import NotNarrower
from core import errors


def _fault(code: str) -> errors.Fault:
    return errors.Fault(code=code, detail="There is something wrong.", attr="grants.0")


class TestDescribe:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (errors.Unauthenticated("x"), 401, "unauthenticated"),
            (errors.Refused("x", code="consent_denied"), 403, "consent_denied"),
            (errors.NotFound("x"), 404, "not_found"),
            (errors.Conflict("x"), 409, "conflict"),
            (errors.TooLarge("x"), 413, "too_large"),
            (errors.UnsupportedMedia("x"), 415, "unsupported_media_type"),
            (errors.Malformed("x"), 400, "malformed"),
            (errors.Invalid("x"), 422, "invalid"),
            (errors.RateLimited("x", retry_after=7), 429, "rate_limited"),
            (errors.Unavailable("x"), 503, "unavailable"),
            (Http404(), 404, "not_found"),
            (RequestDataTooBig(), 413, "too_large"),
            (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
            (drf.ParseError(), 400, "malformed"),
        ],
    )
    def test_gives_every_kind_its_status_and_code(
        self, error: Exception, status: int, code: str
    ) -> None:
        found, body, _ = problems.describe_error(error)

        assert (found, body["status"], body["code"]) == (status, status, code)

    @pytest.mark.parametrize(
        "error",
        [
            OperationalError("the connection is closed"),
            InterfaceError("the connection is closed"),
            OSError(errno.ENOSPC, "No space left on device"),
            OSError(errno.EDQUOT, "Disk quota exceeded"),
            OSError(errno.EFBIG, "File too large"),
            redis.exceptions.TimeoutError("timed out"),
        ],
    )
    def test_calls_what_passes_by_itself_a_part_that_is_down_and_logs_it(
        self, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        """L-A2, L-B6, L-B12: 500 without `Retry-After`, or 503 without a line."""
        status, body, headers = problems.describe_error(error)

        assert (status, body["code"]) == (503, "unavailable")
        assert int(headers["Retry-After"]) > 0
        assert [record.getMessage() for record in caplog.records] == ["unavailable"]

    def test_calls_a_wrong_statement_our_fault(self) -> None:
        wrong = OperationalError("no such table: x")
        wrong.__cause__ = sqlite3.OperationalError("no such table: x")
        wrong.__cause__.sqlite_errorcode = sqlite3.SQLITE_ERROR

        assert problems.describe_error(wrong)[0] == 500
        assert problems.describe_error(OSError(errno.ENOENT, "No such file"))[0] == 500

    def test_shows_a_page_of_its_own_for_a_part_that_is_down(self, rf: RequestFactory) -> None:
        gone = OperationalError("gone")
        with patch.object(sys, "exc_info", lambda: (OperationalError, gone, None)):
            page = problems.answer_server_error(rf.get("/verify"))
            told = problems.answer_server_error(rf.get("/v1/clips"))

        assert (page.status_code, told.status_code) == (503, 503)
        assert (page["Content-Type"].partition(";")[0], page["Retry-After"]) == ("text/html", "2")
        assert b"Not just now" in page.content
        assert told["Content-Type"] == "application/problem+json"

    def test_says_when_to_try_again(self) -> None:
        _, _, headers = problems.describe_error(errors.RateLimited("x", retry_after=7))

        assert headers["Retry-After"] == "7"

    def test_keeps_a_surprise_to_itself(self) -> None:
        status, body, _ = problems.describe_error(ZeroDivisionError("the name is Ada"))

        assert (status, body["code"]) == (500, "internal")
        assert "Ada" not in str(body)

    def test_facts_cannot_overwrite_the_document(self) -> None:
        _, body, _ = problems.describe_error(
            errors.Refused("x", facts={"status": 200, "reasons": ["r"]})
        )

        assert (body["status"], body["reasons"]) == (403, ["r"])

    def test_shows_the_faults_of_fields(self) -> None:
        fault = errors.Fault(
            code="unknown_field", detail="There is no such field.", attr="grants.0.colour"
        )

        _, body, _ = problems.describe_error(errors.Invalid("x", faults=(fault,)))

        assert body["errors"] == [{"code": fault.code, "attr": fault.attr, "detail": fault.detail}]

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (errors.Invalid("x", faults=[_fault("exclusion_unknown")]), "exclusion_unknown"),
            (
                errors.Invalid("x", faults=[_fault("channel_unknown"), _fault("channel_unknown")]),
                "channel_unknown",
            ),
            (
                errors.Invalid(
                    "x", faults=[_fault("channel_unknown"), _fault("territory_unknown")]
                ),
                "invalid",
            ),
            (errors.Invalid("x", faults=[_fault("out_of_range")]), "invalid"),
            (
                errors.Invalid("x", code="sample_duplicate", faults=[_fault("invalid")]),
                "sample_duplicate",
            ),
            (NotNarrower("x", faults=[_fault("out_of_range")]), "not_narrower"),
        ],
    )
    def test_gives_a_422_the_code_of_one_unknown_word(
        self, error: errors.Invalid, code: str
    ) -> None:
        status, body, _ = problems.describe_error(error)

        assert (status, body["code"], body["type"].rpartition("/")[2]) == (422, code, code)
