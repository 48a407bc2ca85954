"""Recordings in doubt: kept, heard by a person, approved or refused (A3)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from accounts.models import Organisation, Role
from audio.encoding import Output, encode_sound
from audio.sound import Sound
from consent.models import Reservation
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support import sample_recordings
from tests.voices.conftest import AUDIOBOOK, Http, MakeConsent, Reader, noon, only, revoke
from transparency_log.formats import log_entry
from transparency_log.models import Outbox
from voices import background_cloning, clone_samples, reconcile, sample_reviews
from voices.models import Sample, Voice
from voices.providers.base import Clone, ProviderVoice
from voices.similarity_reviews import ReviewSettled

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("reader"),
]


def doubtful() -> bytes:
    """A person with a smooth pitch, behind a noise gate: two weak signs."""
    whole = sample_recordings.somebody_else().resample(16_000)
    gap = np.zeros(8_000, dtype=np.float32)
    parts = [x for part in np.array_split(whole.samples, 4) for x in (part, gap)]
    return encode_sound(
        Sound(np.concatenate(parts), 16_000), Output(codec="wav", sample_rate_hz=16_000)
    )


DOUBTFUL = doubtful()


def ask(client: Http, consent_id: str, **more: Any) -> Any:
    body = {
        "consent": consent_id,
        "name": "Mara",
        "language": "en",
        "use_case": AUDIOBOOK,
        "samples": [{"audio_base64": base64.b64encode(DOUBTFUL).decode()}],
    }
    return client.post("/v1/voices", body | more, format="json")


def train(voice_id: str) -> bool:
    return background_cloning.run_training(voice_id, wall_clock=noon, providers=only(Reader()))


def kinds() -> list[str]:
    return [log_entry.read_entry(bytes(row.payload)).kind for row in Outbox.objects.all()]


@pytest.fixture
def waiting(client: Http, make_consent: MakeConsent) -> Voice:
    made = ask(client, make_consent().id).json()
    return Voice.objects.get(id=made["id"])


def settle(voice: Voice, outcome: str) -> Voice:
    act = {
        "approve": sample_reviews.approve_recordings,
        "refuse": sample_reviews.refuse_recordings,
    }[outcome]
    return act(voice.id, organisation_id=voice.organisation_id, actor="member:1", at=NOON)


class TestADoubt:
    def test_keeps_the_voice_in_checking_and_names_the_checks(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        answer = ask(client, make_consent().id)

        made = answer.json()
        assert (answer.status_code, made["state"]) == (202, "checking")
        assert int(answer["Retry-After"]) >= 1
        assert made["code"] == "sample_review_needed"
        assert [(one["code"], one["attr"]) for one in made["errors"]] == [
            ("sample_review_needed", "samples.0")
        ]
        doubts = {one["name"] for one in made["checks"] if one["result"] == "doubt"}
        assert doubts == {"smooth_pitch", "digital_silence"}

    def test_holds_no_permit_and_asks_no_provider(self, waiting: Voice) -> None:
        assert not Reservation.objects.filter(state="held").exists()
        assert Sample.objects.filter(voice=waiting).count() == 1
        assert kinds().count("voice.review_needed") == 1
        assert reconcile.sweep_pending_work(at=NOON).trainings == ()
        assert train(waiting.id) is False

    def test_keeps_nothing_once_the_person_has_changed_their_mind(
        self, client: Http, make_consent: MakeConsent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consent, examine = make_consent(), clone_samples.examine_clone_samples

        def examine_late(*order: Any, **how: Any) -> Any:
            revoke(consent.id, consent.organisation_id)
            return examine(*order, **how)

        monkeypatch.setattr(clone_samples, "examine_clone_samples", examine_late)

        assert ask(client, consent.id).status_code == 403
        assert not Voice.objects.exists() and not Sample.objects.exists()
        assert not Reservation.objects.filter(state="held").exists()

    def test_lets_no_one_speak(self, client: Http, waiting: Voice) -> None:
        line = {"voice": waiting.id, "text": "Hello.", "language": "en", "use_case": AUDIOBOOK}

        answer = client.post("/v1/speech", line, format="json")

        assert answer.status_code == 403
        assert [one["code"] for one in answer.json()["reasons"]] == ["voice_not_ready"]

    def test_of_a_job_is_found_by_the_worker(self, client: Http, make_consent: MakeConsent) -> None:
        made = ask(client, make_consent().id, delivery={"mode": "job"}).json()

        assert train(made["id"])

        seen = client.get(f"/v1/voices/{made['id']}").json()
        assert (seen["state"], seen["code"]) == ("checking", "sample_review_needed")
        assert not Reservation.objects.filter(state="held").exists()


class TestAnApproval:
    def test_makes_the_voice_by_another_decision(self, client: Http, waiting: Voice) -> None:
        approved = settle(waiting, "approve")
        assert approved.state == "training"
        assert reconcile.sweep_pending_work(at=NOON).trainings == (waiting.id,)

        assert train(waiting.id)

        made = client.get(f"/v1/voices/{waiting.id}").json()
        assert (made["state"], made["code"], made["errors"]) == ("ready", None, [])
        assert made["decision"] != waiting.decision_id

    def test_still_has_the_transcripts_of_a_voice_with_another_name(
        self, client: Http, make_consent: MakeConsent
    ) -> None:
        made = ask(client, make_consent().id, transcripts=["Mind the gap."]).json()
        changed = client.patch(f"/v1/voices/{made['id']}", {"name": "Ada"}, format="json").json()
        assert (changed["name"], changed["description"]) == ("Ada", "")
        settle(Voice.objects.get(id=made["id"]), "approve")
        engine = Reader()
        heard: list[str | None] = []

        def clone(order: Clone) -> ProviderVoice:
            heard.extend(recording.transcript for recording in order.recordings)
            return ProviderVoice(profile=b"profile")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(engine, "clone", clone)
            background_cloning.run_training(made["id"], wall_clock=noon, providers=only(engine))

        assert heard == ["Mind the gap."]

    def test_says_no_more_that_a_person_is_needed(self, client: Http, waiting: Voice) -> None:
        settle(waiting, "approve")

        seen = client.get(f"/v1/voices/{waiting.id}").json()
        assert (seen["state"], seen["code"], seen["errors"]) == ("training", None, [])
        assert {one["result"] for one in seen["checks"]} == {"passed", "doubt"}

    def test_is_worth_nothing_once_the_consent_has_ended(self, waiting: Voice) -> None:
        settle(waiting, "approve")
        revoke(waiting.consent_id, waiting.organisation_id)

        train(waiting.id)

        assert Voice.objects.get(id=waiting.id).state != "ready"

    def test_is_given_once(self, waiting: Voice) -> None:
        settle(waiting, "approve")

        for outcome in ("approve", "refuse"):
            with pytest.raises(ReviewSettled):
                settle(waiting, outcome)


class TestARefusal:
    def test_keeps_nothing_of_the_recordings(self, waiting: Voice) -> None:
        refused = settle(waiting, "refuse")

        assert (refused.state, refused.code) == ("failed", "sample_review_refused")
        assert not Sample.objects.filter(voice=waiting).exists()
        assert train(waiting.id) is False


class TestNoAnswer:
    def test_for_a_month_leaves_nothing_to_approve(self, waiting: Voice) -> None:
        organisation_id = waiting.organisation_id
        with pytest.raises(ReviewSettled):
            sample_reviews.approve_recordings(
                waiting.id,
                organisation_id=organisation_id,
                actor="member:1",
                at=NOON + timedelta(days=31),
            )

    def test_for_a_month_gives_the_voice_up(self, waiting: Voice) -> None:
        assert reconcile.expire_reviews(at=NOON + timedelta(days=29)) == 0
        assert reconcile.expire_reviews(at=NOON + timedelta(days=31)) == 1

        voice = Voice.objects.get(id=waiting.id)
        assert (voice.state, voice.code) == ("failed", "sample_review_expired")
        assert not Sample.objects.filter(voice=waiting).exists()


class TestTheOfficersList:
    @pytest.mark.parametrize(
        ("role", "status"),
        [(Role.OWNER, 200), (Role.OFFICER, 200), (Role.ENGINEER, 403), (Role.AUDITOR, 403)],
    )
    def test_lets_owners_and_officers_listen(
        self, role: Role, status: int, waiting: Voice, acme: Organisation, make_member: MakeMember
    ) -> None:
        pages = logged_in(make_member(organisation=acme, role=role))

        page = pages.get(f"/admin/voices/recordingreview/{waiting.id}/change/")
        sound = pages.get(f"/admin/voices/recordingreview/{waiting.id}/recordings/0")

        assert (page.status_code, sound.status_code) == (status, status)
        if status == 200:
            assert "digital silence, smooth pitch" in page.content.decode()
            assert (sound.content, sound["Content-Type"]) == (DOUBTFUL, "audio/wav")
            assert kinds().count("admin.action") == 1

    def test_sends_the_parts_that_a_player_asks_for(
        self, waiting: Voice, acme: Organisation, make_member: MakeMember
    ) -> None:
        """Safari plays nothing without them."""
        pages = logged_in(make_member(organisation=acme, role=Role.OFFICER))
        path = f"/admin/voices/recordingreview/{waiting.id}/recordings/0"

        part = pages.get(path, HTTP_RANGE="bytes=4-7")
        behind = pages.get(path, HTTP_RANGE=f"bytes={len(DOUBTFUL)}-")

        assert (part.status_code, part.content) == (206, DOUBTFUL[4:8])
        assert part["Content-Range"] == f"bytes 4-7/{len(DOUBTFUL)}"
        assert behind.status_code == 416
        assert all("no-store" in answer["Cache-Control"] for answer in (part, behind))
        assert pages.get(f"{path}1").status_code == 404
        assert kinds().count("admin.action") == 2

    def test_settles_and_is_then_without_the_voice(
        self, waiting: Voice, acme: Organisation, make_member: MakeMember
    ) -> None:
        pages = logged_in(make_member(organisation=acme, role=Role.OFFICER))
        listed = "/admin/voices/recordingreview/"
        assert waiting.id in pages.get(listed).content.decode()

        pages.post(f"{listed}{waiting.id}/approve/", {"reason": "I have heard her."})

        assert Voice.objects.get(id=waiting.id).state == "training"
        assert waiting.id not in pages.get(listed).content.decode()
        assert pages.get(f"{listed}{waiting.id}/recordings/0").status_code == 404

    def test_shows_nothing_to_a_neighbour(
        self, waiting: Voice, bolt: Organisation, make_member: MakeMember
    ) -> None:
        pages = logged_in(make_member(organisation=bolt, role=Role.OWNER))
        listed = "/admin/voices/recordingreview/"

        assert waiting.id not in pages.get(listed).content.decode()
        assert pages.get(f"{listed}{waiting.id}/recordings/0").status_code == 404
        pages.post(f"{listed}{waiting.id}/refuse/", {"reason": "Not mine."})
        assert Voice.objects.get(id=waiting.id).state == "checking"
