"""Every call that speaks is judged by the language of its text, and no text is kept for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organisation
from consent import gate
from consent.models import Decision
from consent.stored_requests import restore_access_request
from provenance.models import Clip
from tests.conftest import NOON
from tests.fixtures.members import logged_in
from tests.fixtures.organisations import MakeMember
from tests.support import export_scenario
from tests.support.logged_voices import bundle
from tests.support.spoken_sentences import SENTENCES
from tests.voices.conftest import (
    Http,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    say,
)
from voices.models import Job, JobItem, JobKind, Voice
from voices.speech import dispatch, job_queue, pipeline, preparation

pytestmark = pytest.mark.both_databases

SPANISH = SENTENCES["es"]
DOUBTFUL = "¡Hola! Me llamo Juan."
BOTH: dict[str, Any] = {"languages": ["en", "es"]}


def set_policy(organisation: Organisation, value: str) -> None:
    Organisation.objects.filter(id=organisation.id).update(policy={"doubtful_language": value})


def ask_of(voice: Voice, **changes: Any) -> gate.AccessRequest:
    return preparation.build_access_request(order_for(voice, **changes), voice, principal_of(voice))


def speak(voice: Voice, **changes: Any) -> Clip:
    """The clip of a call, spoken by a reader in the engine's place."""
    done = pipeline.synthesize_clip(
        order_for(voice, **changes),
        voice,
        principal=principal_of(voice),
        now=noon,
        providers=only(Reader()),
    )
    return Clip.objects.get(id=done.clip_id)


class TestATextInAnotherLanguage:
    @pytest.mark.parametrize("granted", [{}, BOTH])
    def test_is_refused_whatever_the_consent_covers(
        self, client: Http, make_voice: MakeVoice, granted: dict[str, Any]
    ) -> None:
        answer = say(client, make_voice(**granted), text=SPANISH)

        (reason,) = answer.json()["reasons"]
        assert (answer.status_code, reason["code"]) == (403, "language_mismatch")
        assert (reason["required"], "Spanish (es)" in reason["detail"]) == ("es", True)
        assert not Clip.objects.exists()

    def test_is_spoken_where_the_call_says_so(self, make_voice: MakeVoice) -> None:
        assert speak(make_voice(**BOTH), text=SPANISH, language="es").language == "es"

    def test_is_not_kept_with_its_decision(self, client: Http, voice: Voice) -> None:
        say(client, voice, text=SPANISH)

        decision = Decision.objects.get()
        assert decision.ask["text_language"] == {"fit": "mismatch", "languages": ["es"]}
        assert "puerto" not in json.dumps([decision.ask, decision.reasons])

    def test_ends_an_item_of_a_batch_and_no_other(self, make_voice: MakeVoice) -> None:
        voice = make_voice(**BOTH)
        texts = (SENTENCES["es"], "Good evening to you all, it is late.")
        job = dispatch.queue_job(
            [order_for(voice, text=text) for text in texts],
            kind=JobKind.BATCH,
            principal=principal_of(voice),
            at=NOON,
            wall_time=NOON,
            providers=only(Reader()),
        )
        job_queue.run_job_items(job.id, wall_clock=noon, providers=only(Reader()))

        assert [item.state for item in JobItem.objects.filter(job=job).order_by("position")] == [
            "refused",
            "done",
        ]
        assert Job.objects.get().id == job.id


class TestADoubt:
    def test_is_spoken_and_noted_in_the_decision(self, client: Http, voice: Voice) -> None:
        clip = speak(voice, text=DOUBTFUL)

        shown = client.get(f"/v1/decisions/{clip.decision_id}").json()
        assert (shown["allowed"], shown["ask"]["text_language"]) == (
            True,
            {"fit": "doubt", "languages": ["es"]},
        )

    def test_is_refused_where_the_policy_says_so(self, client: Http, make_voice: MakeVoice) -> None:
        voice = make_voice()
        set_policy(voice.organisation, "refuse")
        answer = say(client, voice, text=DOUBTFUL)

        (reason,) = answer.json()["reasons"]
        assert (reason["code"], reason["required"]) == ("language_mismatch", "es")

    def test_ends_a_running_permit_when_the_policy_changes(self, voice: Voice) -> None:
        permit = gate.check(ask_of(voice, text=DOUBTFUL), at=NOON, actor="key:test")
        set_policy(voice.organisation, "refuse")

        with pytest.raises(gate.ConsentDenied) as denied:
            gate.may_still(permit, at=NOON)
        assert [one.code for one in denied.value.reasons] == ["language_mismatch"]


class TestThePolicy:
    def test_never_permits_a_plain_mismatch(self, client: Http, make_voice: MakeVoice) -> None:
        voice = make_voice(**BOTH)
        set_policy(voice.organisation, "allow")

        assert say(client, voice, text=SPANISH).status_code == 403


class TestPartsInOtherLanguages:
    TEXT = f"The harbour lay quiet, and the mist had not yet lifted. {SPANISH * 2}"

    def test_must_be_covered(self, client: Http, voice: Voice) -> None:
        (reason,) = say(client, voice, text=self.TEXT).json()["reasons"]

        assert (reason["code"], reason["required"]) == ("language_not_covered", "es")

    def test_are_spoken_where_they_are(self, make_voice: MakeVoice) -> None:
        assert speak(make_voice(**BOTH), text=self.TEXT).language == "en"


class TestTheGate:
    def test_gives_no_permit_for_a_text_that_was_not_judged(self, voice: Voice) -> None:
        ask = gate.AccessRequest(
            organisation_id=voice.organisation_id,
            livemode=voice.livemode,
            action="synthesize",
            consent_id=voice.consent_id,
            voice_id=voice.id,
            language="en",
            use_case=voice.use_case,
            provider="local",
        )

        with pytest.raises(ValueError, match="what was found in its text"):
            gate.check(ask, at=NOON, actor="key:test")

    def test_judges_a_stored_request_as_before(self, voice: Voice) -> None:
        ask = ask_of(voice, text=DOUBTFUL)
        permit = gate.check(ask, at=NOON, actor="key:test")

        again = restore_access_request(Decision.objects.get(id=permit.decision_id))
        assert again.text == ask.text
        assert again.text is not None
        assert again.text.fit == "doubt"

    def test_judges_a_decision_from_before_texts_were_judged(self, voice: Voice) -> None:
        permit = gate.check(ask_of(voice), at=NOON, actor="key:test")
        row = Decision.objects.get(id=permit.decision_id)
        row.ask.pop("text_language")

        assert restore_access_request(row).text is None


@pytest.mark.django_db(transaction=True)
class TestWhatWasFound:
    def test_is_in_the_bundle_and_verified(
        self, client: Http, voice: Voice, tmp_path: Path
    ) -> None:
        say(client, voice, text=SPANISH)
        data = bundle(voice.organisation)
        (tmp_path / "audit.zip").write_bytes(data)

        members = export_scenario.members(data)
        (table,) = (body for name, body in members.items() if name.endswith("decisions.jsonl"))
        rows = [json.loads(line) for line in table.splitlines()]
        found = [row["ask"]["text_language"] for row in rows if "text_language" in row["ask"]]
        assert {"fit": "mismatch", "languages": ["es"]} in found
        assert export_scenario.verify(tmp_path / "audit.zip").code == 3
        assert b"puerto" not in b"".join(members.values())

    def test_is_in_the_list_of_the_admin(
        self, client: Http, voice: Voice, make_member: MakeMember
    ) -> None:
        say(client, voice, text=SPANISH)

        assert b"mismatch es" in logged_in(make_member()).get("/admin/consent/decision/").content
