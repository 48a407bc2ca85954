"""The way of a text is short, and the same for a whole answer and for a stream."""

from __future__ import annotations

import pytest

from tests.architecture import source, text_walk
from tests.architecture.text_walk import EDGE, Walk, follow_way

MOST_FILES = 15
MOST_RETURNS = 5
EDGE_FILES = 2
"""The view and what maps its form to a request stand before each way."""


@pytest.mark.parametrize("way", sorted(text_walk.WAYS))
def test_a_text_is_followed_through_few_files(way: str) -> None:
    walk = follow_way(way)
    assert len(walk.files) + EDGE_FILES <= MOST_FILES
    assert walk.returns <= MOST_RETURNS


@pytest.mark.parametrize("way", sorted(text_walk.WAYS))
def test_a_text_arrives_in_the_log(way: str) -> None:
    assert "transparency_log/formats/log_entry.py" in follow_way(way).files


def test_a_stream_takes_the_steps_of_a_whole_answer() -> None:
    shared = {
        "voices/speech/preparation.py",
        "voices/speech/rendering.py",
        "voices/speech/clip_delivery.py",
    }
    for way in text_walk.WAYS:
        assert shared <= set(follow_way(way).files)


def test_the_view_hands_its_text_to_both_ways() -> None:
    files = set(Walk(source.ROOT).follow(EDGE).files)
    assert {"voices/speech/pipeline.py", "voices/speech/streaming/session.py"} <= files


def test_a_longer_way_is_noticed() -> None:
    walk = Walk(source.ROOT, stays=["a.py", "b.py", "a.py", "c.py", "a.py"])
    assert (walk.files, walk.returns) == (["a.py", "b.py", "c.py"], 2)
