"""What goes on while processes are killed, and what must be true afterwards: nothing lost, doubled,
late or unpaid.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.client import HTTPException
from typing import Final

import numpy as np
import soundfile
from django.core.management import call_command
from django.db import connections, transaction
from django.db.models import Sum

import engine
from audio.sound import Sound
from config.demo.client import Client
from consent.models import Consent, Grant, GrantUsage, Reservation
from core import clock, ids
from provenance.models import Clip
from tests.support.api_client import AUDIO, AUDIOBOOK, OVER, Customer, expect
from tests.support.processes import wait_until
from transparency_log import proofs, sequencer
from transparency_log.models import Entry
from vault import blobs
from voices import reconcile, voice_macs
from voices.models import JobItem, Voice

LITTLE: Final = 4  # texts
LEFT: Final = ("issued", "withdrawn")
TEXTS: Final = tuple(
    f"It is chapter {number}, and the harbour lies still." for number in range(1, 100)
)


@cache
def profile() -> bytes:
    """The profile of a real reader."""
    samples, rate = soundfile.read(AUDIO / "librivox-austen-0870.wav", dtype="float32")
    return engine.enrol_speaker([Sound(np.asarray(samples, dtype=np.float32), rate)])


def ready_voice(person: Customer, *, provider: str = "local") -> None:
    """Give the person a voice as cloning leaves it; cloning itself is not what is tested here."""
    consent, at = Consent.objects.select_related("speaker").get(id=person.consent), clock.now()
    with transaction.atomic():
        blob = blobs.store_blob(
            subject=consent.speaker.subject, kind="profile", data=profile(), at=at
        )
        voice = Voice(
            id=ids.new("vox"), organisation_id=consent.organisation_id, livemode=False,
            consent_id=consent.id, speaker_id=consent.speaker_id, subject=consent.speaker.subject,
            decision_id=ids.new("dec"), provider=provider, language="en", use_case=AUDIOBOOK,
            state="ready", profile_blob_id=blob, created_at=at, ready_at=at,
        )  # fmt: skip
        voice.binding_mac = voice_macs.compute_voice_mac(voice)
        voice.save(force_insert=True)
    person.voice = voice.id


@dataclass(kw_only=True)
class Town:
    """People whose texts wait in batches, one who is spoken with at once, and some who will change
    their minds.
    """

    bases: Sequence[str]
    key: str
    patient: list[Customer] = field(default_factory=list)
    lively: Customer | None = None
    heard: list[str] = field(default_factory=list)
    revoked: list[Customer] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def settle_in(self, *, people: int, texts: int) -> None:
        """Everyone signs, gets a voice, and all but one of them a batch of texts."""
        for number in range(people + 1):
            person = Customer(client=Client(base=self.bases[0], key=self.key))
            person.meet()
            ready_voice(person)
            if number == people:
                self.lively = person
            else:
                person.batch(list(TEXTS[:texts]))
                self.patient.append(person)

    def ask_for_more(self, *, texts: int) -> None:
        """Someone who has not revoked wants more read, so that there is work to be killed at."""
        person = random.choice([each for each in self.patient[1::2] if each not in self.revoked])
        with suppress(OSError, HTTPException):
            self.somewhere(person).batch(list(TEXTS[:texts]))

    def somewhere(self, person: Customer) -> Customer:
        """The same customer, at any of the servers."""
        return Customer(
            client=Client(base=random.choice(self.bases), key=self.key), speaker=person.speaker,
            consent=person.consent, voice=person.voice,
        )  # fmt: skip

    def keep_talking(self, until: threading.Event) -> None:
        """Ask for speech at once, again and again; servers that die meanwhile are asked
        elsewhere.
        """
        assert self.lively is not None
        while not until.is_set():
            with suppress(OSError, HTTPException):
                answer = self.somewhere(self.lively).client.post(
                    "/v1/speech", self.lively.words(TEXTS[0])
                )
                if answer.status == 200:
                    self.heard.append(answer.headers["sayso-clip"])
                elif answer.status != 503 and b'"code":"clip_settled"' not in answer.body:
                    # A server that stood still finds its clip given up, and delivers nothing.
                    self.trouble.append(f"{answer.status} {answer.body[:300]!r}")
            time.sleep(0.2)
        connections.close_all()

    def revoke(self, person: Customer) -> None:
        """Revoke until a server says that it is done; from then on no one speaks with this
        voice.
        """
        wait_until(lambda: self._revoked(person), "the revocation")
        self.revoked.append(person)
        wait_until(lambda: self._refused(person), "a server that answers")

    def _revoked(self, person: Customer) -> bool:
        with suppress(OSError, HTTPException):
            client = self.somewhere(person).client
            return (
                client.post(
                    f"/v1/consents/{person.consent}/revoke", {"reason": "requested_by_person"}
                ).status
                == 200
            )
        return False

    def _refused(self, person: Customer) -> bool:
        with suppress(OSError, HTTPException):
            expect(self.somewhere(person).client.post("/v1/speech", person.words(TEXTS[0])), 403)
            return True
        return False


def under_fire(town: Town, kill: Callable[[int], None], *, kills: int) -> None:
    """Call `kill(0)`, `kill(1)` …, each while a text is worked on; between two, every second person
    revokes.
    """
    over, waiting = threading.Event(), list(town.patient[::2])
    talking = threading.Thread(target=town.keep_talking, args=(over,))
    talking.start()
    try:
        for number in range(kills):
            if unsettled() < LITTLE:
                town.ask_for_more(texts=LITTLE)
            _wait_for_work()
            kill(number)
            if waiting and number % max(1, kills // (len(waiting) + 1)) == 1:
                town.revoke(waiting.pop())
            _wait_for_progress()
    finally:
        over.set()
        talking.join()
    wait_until(lambda: not unsettled(), "every text is settled", seconds=120)


def unsettled() -> int:
    """How many texts are neither delivered nor refused nor failed."""
    return JobItem.objects.exclude(state__in=OVER).count()


def _wait_for_work() -> None:
    """Someone has a text in hand."""
    running = JobItem.objects.filter(state="running")
    wait_until(
        lambda: running.filter(lease_until__gt=clock.now()).exists(), "a text in hand", every=0.02
    )


def _wait_for_progress() -> None:
    """A text was settled, or half a second passed in which someone could have taken one."""
    before, ends = unsettled(), time.monotonic() + random.uniform(0.1, 0.8)
    while unsettled() == before and time.monotonic() < ends:
        time.sleep(0.02)


def nothing_is_amiss(town: Town) -> None:
    """Everything that must be true when all is over.

    Sweeps once more, from a time when every lease has run out.
    """
    reconcile.sweep_pending_work(at=clock.now() + timedelta(hours=2))
    organisation_id = Consent.objects.values_list("organisation_id", flat=True).distinct().get()
    sequencer.settle_log(organisation_id, at=clock.now())
    assert town.trouble == []
    assert JobItem.objects.filter(attempt__gt=1).exists(), "no kill hit anybody at work"
    _no_text_is_lost_or_delivered_twice(town)
    _nothing_left_after_a_revocation(town)
    check_books()


def check_books() -> None:
    """Every clip is in the log once, what was delivered was paid for, and the log verifies."""
    for organisation_id in Consent.objects.values_list("organisation_id", flat=True).distinct():
        sequencer.settle_log(organisation_id, at=clock.now())
    _every_clip_is_in_the_log_once()
    _what_was_delivered_was_paid_for()
    call_command("verify_log")


def _no_text_is_lost_or_delivered_twice(town: Town) -> None:
    for person in town.patient:
        items = JobItem.objects.filter(voice_id=person.voice)
        done = set(items.filter(state="done").values_list("clip_id", flat=True))
        assert len(done) + items.filter(state="refused").count() == items.count() > 0
        assert (
            set(
                Clip.objects.filter(voice_id=person.voice, state__in=LEFT).values_list(
                    "id", flat=True
                )
            )
            == done
        )
        assert items.filter(state="refused").exists() <= (person in town.revoked)
    heard = set(town.heard)
    assert heard <= set(Clip.objects.filter(state__in=LEFT).values_list("id", flat=True))
    assert len(heard) == len(town.heard) > 0


def _nothing_left_after_a_revocation(town: Town) -> None:
    assert town.revoked
    for person in town.revoked:
        organisation_id = Consent.objects.get(id=person.consent).organisation_id
        told = [entry.kind for entry in proofs.list_history(organisation_id, person.consent)]
        assert told.count("consent.revoked") == 1
        assert "clip.issued" not in told[told.index("consent.revoked") :]


def _every_clip_is_in_the_log_once() -> None:
    assert not Clip.objects.filter(state="making").exists()
    issued = list(Entry.objects.filter(kind="clip.issued").values_list("event_id", flat=True))
    clips = set(Clip.objects.filter(state__in=LEFT).values_list("event_id", flat=True))
    assert (len(issued), set(issued)) == (len(clips), clips)


def _what_was_delivered_was_paid_for() -> None:
    assert not Reservation.objects.filter(state="held").exists()
    for grant in Grant.objects.all():
        spoken = (
            Clip.objects.filter(grant_id=grant.id, state__in=LEFT).aggregate(n=Sum("characters"))[
                "n"
            ]
            or 0
        )
        used = GrantUsage.objects.filter(grant=grant).aggregate(
            n=Sum("used_characters"), h=Sum("held_characters")
        )
        assert ((used["n"] or 0), (used["h"] or 0)) == (spoken, 0)
