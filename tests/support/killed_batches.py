"""A batch through a provider while Celery workers are killed: what came of it, and what it cost."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

from config.demo.client import Client
from config.embedded_worker import LANES
from core import canonical_json, clock
from provenance.models import Clip
from tests.emulators import inworld
from tests.emulators.inworld import InworldEmulator
from tests.support import processes
from tests.support.api_client import GRANT, Customer
from tests.support.checked_accounts import skip_canary
from tests.support.endurance import check_books, ready_voice
from tests.support.processes import wait_until
from voices.models import JobItem, Voice
from voices.providers import voice_handles
from voices.providers.base import ProviderVoice

WORKERS: Final = 4
SPEECH_LANE: Final = "speech"
REMOTE_ID: Final = "workspace__reader_0"
SPEAK: Final = "/tts/v1/voice"
SETTINGS: Final = {"SAYSO_LEASE_SECONDS": "4", "SAYSO_JOB_AT_ONCE": "4", "SAYSO_DEVELOPMENT": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledBatch:
    """What came of a batch.

    `spoken` is how often the provider was asked for speech, `taken_over` how many texts another
    worker had to take, `in_zip` how many clips the job's ZIP had. `seconds` run from the batch's
    request to its end.
    """

    texts: int
    kills: int
    delivered: int
    spoken: int
    taken_over: int
    in_zip: int
    seconds: float


def run_killed_batch(
    environment: Mapping[str, str], folder: Path, *, key: str, texts: int, kills: int, seed: int
) -> KilledBatch:
    """Have so many texts spoken by four workers that are killed now and then, and check all books.

    Nothing is lost and nothing is there twice, or an AssertionError says what is.
    """
    rng, given = random.Random(seed), {**environment, **SETTINGS}
    provider = InworldEmulator()
    with ExitStack() as stack:
        stack.enter_context(provider.running())
        base = stack.enter_context(processes.web(given, folder / "web.log"))
        person = _meet_reader(base, key, provider)
        others = [lane for lane in LANES if lane != SPEECH_LANE]
        stack.enter_context(processes.celery_worker(given, folder / "work.log", lanes=others))
        stack.enter_context(processes.celery_beat(given, folder / "beat.log"))
        workers = [
            _Restarted(stack, partial(_start_worker, given, folder / f"speech-{number}.log"))
            for number in range(WORKERS)
        ]

        began = time.monotonic()
        job = person.batch([_write_text(number) for number in range(texts)])
        for number in range(kills):
            _wait_for_a_text_in_hand(texts * (number + 1) // (kills + 2))
            rng.choice(workers).kill_somebody(rng)
        wait_until(lambda: _count_open() == 0, "every text is settled", seconds=60 + 2 * texts)
        seconds = time.monotonic() - began

        assert person.until(f"/v1/jobs/{job}", "done") == "done"
        in_zip = _check_zip(Client(base=base, key=key), job)

    return _count_up(provider, texts=texts, kills=kills, in_zip=in_zip, seconds=seconds)


def _meet_reader(base: str, key: str, provider: InworldEmulator) -> Customer:
    """Return a customer whose voice is at the emulated provider."""
    person = Customer(client=Client(base=base, key=key))
    asked = {"name": "Mara Lindqvist", "email": "mara@example.org"}
    person.speaker = person.post("/v1/speakers", asked)["id"]
    body = {
        "speaker": person.speaker, "duration": "P1Y", "jurisdictions": ["EU"], "grants": [GRANT],
        "providers": ["inworld", "local"],
    }  # fmt: skip
    person.consent = person.post("/v1/consents", body)["id"]
    person.post(f"/v1/test/consents/{person.consent}/sign")
    account = {
        "provider": "inworld", "base_url": provider.base_url,
        "credentials": {"api_key": inworld.KEY},
    }  # fmt: skip
    skip_canary(person.post("/v1/provider_accounts", account)["id"])

    ready_voice(person, provider="inworld")
    voice = Voice.objects.get(id=person.voice)
    voice.sealed_handle = voice_handles.seal_remote_id(voice, ProviderVoice(remote_id=REMOTE_ID))
    voice.asked_at = clock.now()
    voice.save(update_fields=["sealed_handle", "asked_at"])
    provider.voices[REMOTE_ID] = {"voiceId": REMOTE_ID, "displayName": voice.id}
    return person


@contextmanager
def _start_worker(environment: Mapping[str, str], log: Path) -> Iterator[Popen[bytes]]:
    with processes.celery_worker(environment, log, lanes=[SPEECH_LANE], at_once=1) as worker:
        yield worker


class _Restarted:
    """A worker that is started again when it was killed, as a supervisor does it."""

    def __init__(
        self, stack: ExitStack, start: Callable[[], AbstractContextManager[Popen[bytes]]]
    ) -> None:
        self._stack, self._start = stack, start
        self._running = stack.enter_context(start())

    def kill_somebody(self, rng: random.Random) -> None:
        """Kill the child that speaks, or once in four times the worker with all its children."""
        pid = self._running.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if children and rng.random() < 0.75:
            os.kill(int(rng.choice(children)), signal.SIGKILL)
            return

        os.killpg(pid, signal.SIGKILL)
        self._running.wait()
        self._running = self._stack.enter_context(self._start())


def _write_text(number: int) -> str:
    return f"It is chapter {number + 1}, and the harbour lies still in the evening."


def _count_open() -> int:
    return JobItem.objects.exclude(state__in=("done", "refused", "failed", "cancelled")).count()


def _wait_for_a_text_in_hand(settled: int) -> None:
    """Wait until so many texts are settled and one is in hand, or nothing is left to kill at."""
    running = JobItem.objects.filter(state="running")
    wait_until(
        lambda: (
            _count_open() == 0
            or (
                JobItem.objects.filter(state="done").count() >= settled
                and running.filter(lease_until__gt=clock.now()).exists()
            )
        ),
        "a text in hand",
        seconds=300,
        every=0.05,
    )


def _check_zip(client: Client, job: str) -> int:
    """Check that the job's ZIP holds every clip as it was issued, and return how many."""
    answer = client.get(f"/v1/jobs/{job}/results")
    assert answer.status == 200, answer.body[:300]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        rows: list[dict[str, Any]] = json.loads(archive.read("manifest.json"))["items"]
        for row in rows:
            assert canonical_json.sha256_hex(archive.read(row["file"])) == row["sha256"]
    return len({row["clip"] for row in rows})


def _count_up(
    provider: InworldEmulator, *, texts: int, kills: int, in_zip: int, seconds: float
) -> KilledBatch:
    """Check every text, clip, entry and character, and return the numbers."""
    items = JobItem.objects.all()
    assert dict(_count_states()) == {"done": texts}, dict(_count_states())
    clips = set(items.values_list("clip_id", flat=True))
    issued = set(Clip.objects.filter(state="issued").values_list("id", flat=True))
    assert len(clips) == texts and clips == issued
    check_books()

    bodies = [json.loads(one.body) for one in provider.asked if one.path == SPEAK]
    asked = [body["text"] for body in bodies if body["voiceId"] == REMOTE_ID]
    assert set(asked) == {_write_text(number) for number in range(texts)}
    return KilledBatch(
        texts=texts,
        kills=kills,
        delivered=len(issued),
        spoken=len(asked),
        taken_over=items.filter(attempt__gt=1).count(),
        in_zip=in_zip,
        seconds=seconds,
    )


def _count_states() -> Iterator[tuple[str, int]]:
    for state in JobItem.objects.order_by("state").values_list("state", flat=True).distinct():
        yield str(state), JobItem.objects.filter(state=state).count()
