"""Voices and erasures in bundles: evidence that names nobody, a person's own copy, and nothing once erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent.models import Consent
from provenance.bundles import services as exports
from provenance.models import Export, ExportState
from tests.conftest import NOON
from tests.consent import people
from tests.provenance.bundles import story
from tests.voices.conftest import MakeVoice, Reader, asker_of, noon, only, order_for
from voices import pipeline
from voices.erasure import carrying, services
from voices.models import Erasure, Voice

pytestmark = pytest.mark.django_db(transaction=True)


def speak(voice: Voice) -> None:
    pipeline.speak(order_for(voice), asker=asker_of(voice), now=noon, providers=only(Reader()))


def erase(voice: Voice) -> Erasure:
    asked = services.request(
        voice.speaker_id, organisation=voice.organisation, livemode=voice.livemode, reason="requested",
        actor="member:test", at=NOON, real=NOON,
    )  # fmt: skip
    return carrying.carry_on(asked.id, now=noon)


class TestAudit:
    def test_of_the_whole_path_is_verified_and_names_nobody(self, make_voice: MakeVoice, tmp_path: Path) -> None:
        voice = make_voice()
        speak(voice)
        people.revoke(Consent.objects.get(id=voice.consent_id), reason="She changed her mind.")
        data = story.bundle(voice.organisation)
        (tmp_path / "audit.zip").write_bytes(data)

        verdict = story.verify(tmp_path / "audit.zip")
        assert (verdict.code, verdict.checks["clips"], verdict.checks["references"]) == (0, "ok", "ok")
        everything = b"\n".join(story.members(data).values())
        assert not [text for text in (b"Mara", b"narrator", b"example.org", b"changed her mind") if text in everything]

    def test_is_verified_after_an_erasure_too(self, make_voice: MakeVoice, tmp_path: Path) -> None:
        voice, other = make_voice(), make_voice()
        speak(voice)
        speak(other)
        erasure = erase(voice)
        data = story.bundle(voice.organisation)
        (tmp_path / "audit.zip").write_bytes(data)

        verdict, files = story.verify(tmp_path / "audit.zip"), story.members(data)
        assert (verdict.code, verdict.checks["closed entries"]) == (0, "not checked")
        assert [row["id"] for row in story.rows(files, "tables/erasures.jsonl")] == [erasure.id]
        kids = {row["id"]: row["kid"] for row in story.rows(files, "entries.jsonl")}
        opened = {kids[row["id"]] for row in story.rows(files, "openings.jsonl")}
        assert voice.subject not in opened
        assert other.subject in opened


class TestSpeaker:
    def test_holds_what_callers_wrote_about_the_voice(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        files = story.members(story.bundle(voice.organisation, "speaker", speaker_id=voice.speaker_id))
        assert [row["name"] for row in story.rows(files, "tables/voices.jsonl")] == ["Mara, narrator"]

    def test_of_an_erased_person_holds_nothing_personal(self, make_voice: MakeVoice, tmp_path: Path) -> None:
        voice = make_voice()
        speak(voice)
        erase(voice)
        data = story.bundle(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        (tmp_path / "own.zip").write_bytes(data)

        assert story.verify(tmp_path / "own.zip").code == 0
        assert b"Mara" not in b"\n".join(story.members(data).values())


class TestErasure:
    def test_deletes_the_bundles_that_knew_the_person(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        before = story.export(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        erase(voice)

        row = Export.objects.get(id=before.id)
        assert (row.state, row.code) == (ExportState.EXPIRED, "speaker_erased")
        with pytest.raises(exports.ExportNotReady):
            exports.read(row)
