"""`Idempotency-Key` on every POST of the document: asked twice, carried out once, answered
alike.
"""

from __future__ import annotations

import pytest

from accounts.models import Organisation
from tests.contract.conftest import Sender, World, problem, rows
from tests.contract.test_bad_uploads import GOOD
from tests.support.api_operations import bodies, named, operations

pytestmark = pytest.mark.django_db

POSTS = [
    one.name
    for one in operations()
    if one.method == "POST"
    and not one.open_to_all
    and one.name not in {"verify_batch", "test_consents_sign", "consents_resume", "consents_resend"}
]

SECRETS = {"api_keys_create", "api_keys_rotate"}


def body_of(name: str, world: World) -> dict[str, object]:
    body = bodies(world)[name]
    if name == "voices_create":
        body["samples"] = [{"audio_base64": sample} for sample in GOOD]
    return body


class TestARetry:
    @pytest.mark.parametrize("name", sorted(SECRETS))
    def test_of_what_made_a_secret_is_refused_without_it(
        self, http: Sender, world: World, name: str
    ) -> None:
        path, body = named(name).at(world), body_of(name, world)
        first = http.post(path, body, HTTP_IDEMPOTENCY_KEY="try-1")

        second = http.post(path, body, HTTP_IDEMPOTENCY_KEY="try-1")

        problem(second, 409, "idempotency_secret")
        assert first.json()["secret"] not in second.content.decode()

    @pytest.mark.parametrize("name", [name for name in POSTS if name not in SECRETS])
    def test_gets_the_first_answer_and_makes_nothing(
        self, http: Sender, world: World, name: str
    ) -> None:
        path, body = named(name).at(world), body_of(name, world)
        first = http.post(path, body, HTTP_IDEMPOTENCY_KEY="try-1")
        assert first.status_code < 300, first.content
        before = rows(), Organisation.objects.get().test_clock_ms
        second = http.post(path, body, HTTP_IDEMPOTENCY_KEY="try-1")
        assert (second.status_code, second.content) == (first.status_code, first.content)
        assert (second["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
        for header in ("Location", "Retry-After"):
            assert second.get(header) == first.get(header), header
        assert (rows(), Organisation.objects.get().test_clock_ms) == before

    @pytest.mark.parametrize("name", POSTS)
    def test_with_another_body_is_a_mismatch(self, http: Sender, world: World, name: str) -> None:
        path, body = named(name).at(world), body_of(name, world)
        http.post(path, body, HTTP_IDEMPOTENCY_KEY="try-1")
        problem(
            http.post(path, body | {"x": 1}, HTTP_IDEMPOTENCY_KEY="try-1"),
            422,
            "idempotency_mismatch",
        )

    def test_of_allowed_speech_ends_with_the_permission(self, http: Sender, world: World) -> None:
        first = http.post("/v1/speech", world.speech(), HTTP_IDEMPOTENCY_KEY="try-1")
        again = http.post("/v1/speech", world.speech(), HTTP_IDEMPOTENCY_KEY="try-1")
        assert (again.content, again["Sayso-Clip"]) == (first.content, first["Sayso-Clip"])
        http.post(f"/v1/consents/{world['consent_id']}/revoke")
        late = http.post("/v1/speech", world.speech(), HTTP_IDEMPOTENCY_KEY="try-1")
        problem(late, 403, "consent_denied")

    def test_of_a_refusal_is_decided_again(self, http: Sender, world: World) -> None:
        http.post(f"/v1/consents/{world['consent_id']}/suspend")
        problem(http.post("/v1/speech", world.speech(), HTTP_IDEMPOTENCY_KEY="try-1"), 403)
        http.post(f"/v1/consents/{world['consent_id']}/resume")
        assert (
            http.post("/v1/speech", world.speech(), HTTP_IDEMPOTENCY_KEY="try-1").status_code == 200
        )
