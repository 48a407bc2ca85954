"""Voices and erasures in bundles: evidence that names no one, a person's own copy, and nothing once
erased.
"""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest
from django.db import transaction

from consent.models import Consent
from core import canonical_json, ids
from erasure import erasure_requests, execution
from erasure.models import Erasure
from provenance.clips import clip_lifecycle
from provenance.exports import export_requests as exports
from provenance.exports import export_sources
from provenance.exports.zip_stream import Archive
from provenance.models import Export, ExportState
from tests.conftest import NOON
from tests.support import bundle_forgery, consent_factories, export_scenario
from tests.support.logged_voices import bundle, log_voices
from tests.support.signed_files import look
from tests.voices.conftest import (
    AUDIO,
    Http,
    MakeVoice,
    Reader,
    noon,
    only,
    order_for,
    principal_of,
    revoke,
    say,
)
from vault import blobs
from voices.models import Sample, Voice
from voices.speech import pipeline

pytestmark = pytest.mark.django_db(transaction=True)


def speak(voice: Voice) -> None:
    pipeline.synthesize_clip(
        order_for(voice), voice, principal=principal_of(voice), now=noon, providers=only(Reader())
    )


def erase(voice: Voice) -> Erasure:
    log_voices(voice.organisation)
    asked = erasure_requests.request_erasure(
        voice.speaker_id, organisation=voice.organisation, livemode=voice.livemode,
        reason="requested", actor="member:test", at=NOON, wall_time=NOON,
    )  # fmt: skip
    return execution.continue_erasure(asked.id, now=noon)


class TestAudit:
    def test_of_the_whole_path_is_verified_and_names_no_one(
        self, make_voice: MakeVoice, tmp_path: Path
    ) -> None:
        voice = make_voice()
        speak(voice)
        consent_factories.revoke(
            Consent.objects.get(id=voice.consent_id), reason="She changed her mind."
        )
        data = bundle(voice.organisation)
        (tmp_path / "audit.zip").write_bytes(data)

        verdict = export_scenario.verify(tmp_path / "audit.zip")
        assert (verdict.code, verdict.checks["standing"], verdict.checks["references"]) == (
            3,
            "ok",
            "ok",
        )
        everything = b"\n".join(export_scenario.members(data).values())
        assert not [
            text
            for text in (b"Mara", b"narrator", b"example.org", b"changed her mind")
            if text in everything
        ]

    def test_is_verified_after_an_erasure_too(self, make_voice: MakeVoice, tmp_path: Path) -> None:
        voice, other = make_voice(), make_voice()
        speak(voice)
        speak(other)
        erasure = erase(voice)
        data = bundle(voice.organisation)
        (tmp_path / "audit.zip").write_bytes(data)

        verdict, files = (
            export_scenario.verify(tmp_path / "audit.zip"),
            export_scenario.members(data),
        )
        assert (verdict.code, verdict.checks["closed entries"]) == (3, "ok")
        assert [row["id"] for row in export_scenario.rows(files, "tables/erasures.jsonl")] == [
            erasure.id
        ]
        opened = {row["id"] for row in export_scenario.rows(files, "openings.jsonl")}
        logged = [
            row for row in export_scenario.rows(files, "entries.jsonl") if row["id"] in opened
        ]
        assert "clip.issued" in {
            row["t"] for row in logged if row["refs"].get("consent") == other.consent_id
        }
        assert "clip.issued" not in {
            row["t"] for row in logged if row["refs"].get("consent") == voice.consent_id
        }


class TestSpeaker:
    def test_holds_what_callers_wrote_about_the_voice(self, make_voice: MakeVoice) -> None:
        voice = make_voice()

        files = export_scenario.members(
            bundle(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        )
        assert [row["name"] for row in export_scenario.rows(files, "tables/voices.jsonl")] == [
            "Mara, narrator"
        ]

    def test_of_an_erased_person_holds_nothing_personal(
        self, make_voice: MakeVoice, tmp_path: Path
    ) -> None:
        voice = make_voice()
        speak(voice)
        erase(voice)
        data = bundle(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        (tmp_path / "own.zip").write_bytes(data)

        assert export_scenario.verify(tmp_path / "own.zip").code == 3
        assert b"Mara" not in b"\n".join(export_scenario.members(data).values())


class TestTheirRecordings:
    @pytest.fixture
    def own(self, voice: Voice, client: Http, reader: Reader) -> dict[str, bytes]:
        """Mara's copy after a clip of hers in two formats, one of them withdrawn, and a sample."""
        sample = AUDIO / "librivox-austen-0870.wav"
        with transaction.atomic():
            blob_id = blobs.store_blob(
                subject=voice.subject, kind="sample", data=sample.read_bytes(), at=NOON
            )
        Sample.objects.create(
            id=ids.new("smp"), voice=voice, position=0, blob_id=blob_id, created_at=NOON,
            sha256=hashlib.sha256(sample.read_bytes()).hexdigest(),
        )  # fmt: skip
        self.clips = [say(client, voice, output={"codec": codec}) for codec in ("wav", "mp3")]
        revoke(voice.consent_id, voice.organisation_id)
        clip_lifecycle.withdraw_clips_of_consent(voice.consent_id, at=NOON, actor="system:test")
        return export_scenario.members(
            bundle(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        )

    def test_are_files_in_the_persons_own_copy(self, own: dict[str, bytes]) -> None:
        for spoken, codec in zip(self.clips, ("wav", "mp3"), strict=True):
            assert own[f"files/clips/{spoken['Sayso-Clip']}.{codec}"] == spoken.content
        (sample,) = export_scenario.rows(own, "tables/samples.jsonl")
        assert (
            own[f"files/samples/{sample['id']}"]
            == (AUDIO / "librivox-austen-0870.wav").read_bytes()
        )
        assert json.loads(own["manifest.json"])["counts"]["files"] == len(
            [name for name in own if name.startswith("files/")]
        )

    def test_are_verified_and_a_changed_one_is_refused(
        self, own: dict[str, bytes], tmp_path: Path
    ) -> None:
        path = tmp_path / "own.zip"
        path.write_bytes(export_scenario.packed(own))
        good = export_scenario.verify(path)
        assert (good.code, good.checks["recordings"]) == (3, "ok")

        name = next(name for name in own if name.startswith("files/clips/"))
        path.write_bytes(
            export_scenario.packed(bundle_forgery.resigned({**own, name: own[name] + b"!"}))
        )
        bad = export_scenario.verify(path)
        assert (bad.code, bad.checks["manifest"], bad.checks["recordings"]) == (1, "ok", "REFUSED")

    def test_that_are_missing_are_said_to_be(self, own: dict[str, bytes], tmp_path: Path) -> None:
        name = next(name for name in own if name.startswith("files/clips/"))
        less = {other: data for other, data in own.items() if other != name}
        fewer = bundle_forgery.resigned(
            less, lambda manifest: manifest["counts"].update(files=manifest["counts"]["files"] - 1)
        )
        (tmp_path / "own.zip").write_bytes(export_scenario.packed(fewer))

        assert export_scenario.verify(tmp_path / "own.zip").checks["recordings"] == "not checked"

    def test_are_in_no_audit(self, own: dict[str, bytes], voice: Voice) -> None:
        audit = export_scenario.members(bundle(voice.organisation))
        assert own
        assert not [name for name in audit if name.startswith("files/")]

    def test_stream_at_constant_memory(self, voice: Voice, client: Http, reader: Reader) -> None:
        """A recording of 30 MB passes in pieces of a bundle's block."""
        with transaction.atomic():
            blob_id = blobs.store_blob(
                subject=voice.subject, kind="sample", data=bytes(30_000_000), at=NOON
            )
        Sample.objects.create(
            id=ids.new("smp"),
            voice=voice,
            position=0,
            blob_id=blob_id,
            sha256="0" * 64,
            created_at=NOON,
        )
        (file,) = (
            one for one in export_sources.list_files(scope_of(voice)) if one.table == "samples"
        )
        tracemalloc.start()
        try:
            for piece in Archive().add(file.name, blobs.open_blob(file.blob_id).chunks(), level=0):
                del piece
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 5_000_000


def scope_of(voice: Voice) -> export_sources.ExportScope:
    return export_sources.ExportScope(
        organisation_id=voice.organisation_id, livemode=voice.livemode, kind="speaker",
        speaker_id=voice.speaker_id, subject=voice.subject,
    )  # fmt: skip


class TestErasure:
    def test_deletes_the_bundles_that_knew_the_person(self, make_voice: MakeVoice) -> None:
        voice = make_voice()
        before = export_scenario.export(voice.organisation, "speaker", speaker_id=voice.speaker_id)
        erase(voice)

        row = Export.objects.get(id=before.id)
        assert (row.state, row.code) == (ExportState.EXPIRED, "speaker_erased")
        with pytest.raises(exports.ExportNotReady):
            exports.read_bundle(row)


class TestContentCredentials:
    def test_are_checked_offline_with_the_roots_in_the_bundle(
        self, client: Http, voice: Voice, reader: Reader
    ) -> None:
        wav, pcm = (say(client, voice, output={"codec": codec}) for codec in ("wav", "pcm_s16le"))
        beside = client.get(f"/v1/clips/{pcm['Sayso-Clip']}/manifest").content
        files = export_scenario.members(bundle(voice.organisation))
        roots = files["c2pa-roots.pem"].decode()

        state, store = look(wav.content, "audio/wav", anchors=roots)
        rows = {row["id"]: row for row in export_scenario.rows(files, "tables/clips.jsonl")}
        assert (state, rows[wav["Sayso-Clip"]]["manifest_id"]) == (
            "Trusted",
            store["active_manifest"],
        )
        assert look(pcm.content, "application/octet-stream", beside, anchors=roots)[0] == "Trusted"
        assert rows[pcm["Sayso-Clip"]]["manifest_sha256"] == canonical_json.sha256_hex(beside)

    def test_have_no_roots_where_there_are_none(self, voice: Voice) -> None:
        assert "c2pa-roots.pem" not in export_scenario.members(bundle(voice.organisation))
