"""Sixty texts that no one meant to have spoken: each is spoken or 422, none is our fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import engine
from engine import synthesizer
from tests.support.strange_texts import list_strange_texts
from tests.support.text_trials import CountingSandbox, TextTrials, count_in_engine, try_text


@pytest.fixture
def sandbox() -> Iterator[CountingSandbox]:
    before = synthesizer._synthesiser.sandbox
    made = count_in_engine()
    yield made
    made.close()
    synthesizer._synthesiser.sandbox = before


class TestTextsThatNoOneMeant:
    def test_are_spoken_or_refused_and_never_our_fault(self, sandbox: CountingSandbox) -> None:
        languages = sorted(engine.list_languages())
        trials = TextTrials()

        for number, (_kind, text) in enumerate(list_strange_texts(60, seed=10)):
            trials.add(try_text(text, languages[2 * number]))

        assert trials.faults == []
        assert sum(trials.answers.values()) == 60
        assert trials.answers["spoken"] > 30
        assert {"control_characters", "ssml_unsupported"} <= set(trials.refused)
        assert sandbox.ended == 0
