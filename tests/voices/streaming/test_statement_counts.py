"""Statements of speech: no way to speak sends more than its bound, and each has a purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from accounts.api_key_changes import IssuedKey
from accounts.principal import Principal
from bench.query_purposes import PURPOSES
from bench.statement_recorder import Statement, record_statements
from tests.conftest import NOON
from tests.fixtures.organisations import ClientOf, MakeKey
from tests.voices.conftest import noon, order_for, principal_of, say
from tests.voices.streaming.conftest import Teller
from voices.models import JobKind, Voice
from voices.providers import registry
from voices.speech import dispatch, job_queue
from voices.speech.streaming import session

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("teller", "clock_at_noon"),
]

# The provider says every text with the same sound, so the second clip takes the first one's token.
COPIED = 2


@pytest.fixture
def key(make_key: MakeKey, settings: Settings) -> IssuedKey:
    settings.REDIS_URL = None
    return make_key()


@pytest.fixture
def principal(key: IssuedKey, voice: Voice) -> Principal:
    return replace(principal_of(voice), actor=f"key:{key.key.id}")


def record_second(prepare: Callable[[str], Callable[[], object]]) -> list[Statement]:
    """The statements of the second time: the first finds nothing warm."""
    prepare("The harbour lay still.")()
    speak = prepare("The lamps were lit.")
    with record_statements() as statements:
        speak()
    return [statement for statement in statements if not statement.is_monitor]


def check_counts(statements: list[Statement], *, most: int, transactions: int) -> None:
    """Each statement has a purpose, and there are no more than allowed."""
    sent = [statement for statement in statements if not statement.is_boundary]
    assert sorted({statement.place for statement in sent} - PURPOSES.keys()) == []
    assert len(sent) <= most, "\n".join(f"{one.place} {one.sql[:80]}" for one in sent)
    assert sum(statement.kind == "BEGIN" for statement in statements) <= transactions


def test_one_sync_call(client_of: ClientOf, key: IssuedKey, voice: Voice) -> None:
    client = client_of(key)

    def prepare(text: str) -> Callable[[], object]:
        return lambda: say(client, voice, text=text)

    check_counts(record_second(prepare), most=32 + COPIED, transactions=4)


def test_one_stream(voice: Voice, principal: Principal, teller: Teller) -> None:
    teller.pieces = 1

    async def play(begun: session.StreamSession) -> None:
        async for chunk in begun.chunks():
            begun.note_sent(chunk)
        await begun.finish()

    def prepare(text: str) -> Callable[[], object]:
        return lambda: asyncio.run(
            play(
                session.begin_stream(
                    order_for(voice, text=text),
                    voice,
                    principal=principal,
                    now=noon,
                    providers=registry.get_provider,
                )
            )
        )

    check_counts(record_second(prepare), most=37, transactions=5)


def test_one_item_of_a_job(voice: Voice, principal: Principal) -> None:
    def prepare(text: str) -> Callable[[], object]:
        job = dispatch.queue_job(
            [order_for(voice, text=text)],
            kind=JobKind.SPEECH,
            principal=principal,
            at=NOON,
            wall_time=NOON,
        )
        return lambda: job_queue.run_job_items(job.id, wall_clock=noon)

    check_counts(record_second(prepare), most=43 + COPIED, transactions=4)
