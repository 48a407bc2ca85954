"""Problem documents: each kind of error has its status, and no one's surprise reaches the
caller.
"""

from __future__ import annotations

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
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
