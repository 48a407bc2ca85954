"""A finished job as one ZIP: what may leave, by plain names, part by part."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.api_key_lookup import KeyEnded
from accounts.models import ApiKey
from accounts.principal import Principal
from core import canonical_json
from core.caller_notes import Notes
from provenance.models import Clip
from tests.conftest import NOON
from tests.voices.conftest import Http, MakeVoice, Reader, noon, only, order_for, revoke
from tests.voices.test_jobs import queue, work
from voices import clip_access, job_results
from voices.job_results import choose_file_name
from voices.models import Job, JobKind, JobState, Voice
from voices.speech import dispatch

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

REFERENCES = ("chapter 1/../../etc/passwd", "Übung: «één»")


@pytest.fixture
def key() -> ApiKey:
    """The product's key, which has made the job too."""
    return ApiKey.objects.get()


@pytest.fixture
def done(client: Http, key: ApiKey, voice: Voice) -> Job:
    """A batch of which two texts were spoken and one was refused."""
    texts = ("Good evening to you all.", "The lamps were lit.", "Konbanwa.")
    languages = ("en", "en", "ja")
    references = (*REFERENCES, "third")
    orders = [
        order_for(voice, text=text, language=language, notes=Notes(client_reference=reference))
        for text, language, reference in zip(texts, languages, references, strict=True)
    ]
    principal = Principal(
        organisation_id=voice.organisation_id, livemode=False, actor=f"key:{key.id}"
    )
    job = dispatch.queue_job(
        orders,
        kind=JobKind.BATCH,
        principal=principal,
        at=NOON,
        wall_time=NOON,
        providers=only(Reader()),
    )
    job = work(job)
    assert (job.state, job.done, job.refused) == (JobState.DONE, 2, 1)
    return job


def fetch(client: Http, job: Job) -> Any:
    return client.get(f"/v1/jobs/{job.id}/results")


def unzip(parts: Iterator[bytes]) -> tuple[dict[str, bytes], Any]:
    """The files of a ZIP by name, and its manifest."""
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-1] == "manifest.json"
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, json.loads(files.pop("manifest.json"))


def parts_of(job: Job, key: ApiKey) -> Iterator[bytes]:
    principal = Principal(
        organisation_id=job.organisation_id, livemode=False, actor=f"key:{key.id}"
    )
    return job_results.open_results(job, principal=principal, now=noon)


class TestTheZip:
    def test_has_what_was_spoken_and_says_what_became_of_the_rest(
        self, client: Http, done: Job
    ) -> None:
        answer = fetch(client, done)

        assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
        files, manifest = unzip(iter(answer))
        assert list(files) == ["0001-chapter-1-..-..-etc-passwd.wav", "0002-bung-n.wav"]
        first, second, third = manifest["items"]
        for row, data in zip((first, second), files.values(), strict=True):
            clip = Clip.objects.get(id=row["clip"])
            assert row["sha256"] == clip.sha256 == canonical_json.sha256_hex(data)
        assert [row["client_reference"] for row in manifest["items"]] == [*REFERENCES, "third"]
        assert (third["state"], third["file"], third["code"]) == ("refused", None, "consent_denied")
        assert [reason["code"] for reason in third["reasons"]] == ["language_not_covered"]

    def test_leaves_out_what_may_not_leave_any_more(
        self, client: Http, done: Job, voice: Voice
    ) -> None:
        revoke(voice.consent_id, voice.organisation_id)

        files, manifest = unzip(iter(fetch(client, done)))

        assert files == {}
        assert [row["code"] for row in manifest["items"]] == ["consent_denied"] * 3
        assert manifest["items"][0]["reasons"][0]["code"] == "consent_revoked"

    def test_asks_for_each_clip_at_its_turn(self, done: Job, voice: Voice, key: ApiKey) -> None:
        parts = parts_of(done, key)
        first = next(parts)
        revoke(voice.consent_id, voice.organisation_id)

        files, manifest = unzip(iter([first, *parts]))

        assert len(files) == 1
        assert [row["file"] is None for row in manifest["items"]] == [False, True, True]

    def test_reads_no_clip_before_the_one_before_it_was_sent(
        self, done: Job, key: ApiKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[str] = []
        get_audio = clip_access.get_clip_audio

        def note(clip_id: str, **named: Any) -> tuple[Clip, bytes]:
            read.append(clip_id)
            return get_audio(clip_id, **named)

        monkeypatch.setattr(clip_access, "get_clip_audio", note)
        parts = parts_of(done, key)
        assert read == []
        next(parts)

        assert len(read) == 1

    def test_breaks_off_when_the_key_ends(self, done: Job, key: ApiKey) -> None:
        parts = parts_of(done, key)
        next(parts)
        ApiKey.objects.filter(id=key.id).update(disabled_at=NOON - timedelta(seconds=1))

        with pytest.raises(KeyEnded):
            next(parts)

    def test_is_there_when_the_job_is_finished(self, client: Http, make_voice: MakeVoice) -> None:
        answer = fetch(client, queue(make_voice()))

        assert (answer.status_code, answer.json()["code"]) == (409, "job_unfinished")

    def test_needs_the_right_to_read_clips(self, client: Http, done: Job, key: ApiKey) -> None:
        ApiKey.objects.filter(id=key.id).update(scopes=["speech:read"])

        answer = fetch(client, done)

        assert (answer.status_code, answer.json()["required"]) == (403, "clips:read")


class TestAName:
    @pytest.mark.parametrize(
        ("reference", "name"),
        [
            ("", "0008.mp3"),
            ("../../x", "0008-x.mp3"),
            ("C:\\Windows\\a.exe", "0008-C-Windows-a.exe.mp3"),
            ("a\x00b\nc", "0008-a-b-c.mp3"),
            (".hidden", "0008-hidden.mp3"),
            ("...", "0008.mp3"),
            ("ночь", "0008.mp3"),
            ("x" * 500, f"0008-{'x' * 60}.mp3"),
            ("manifest.json", "0008-manifest.json.mp3"),
        ],
    )
    def test_is_plain_and_leads_nowhere(self, reference: str, name: str) -> None:
        assert choose_file_name(7, reference, "mp3") == name
