"""Rotating a log's key: two lines for a while, and an entry that says so."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core import ids
from core.errors import NotFound
from tests.conftest import NOON
from tests.support import reference_tree
from tests.transparency_log.conftest import Append
from transparency_log import log_key_rotation, log_reader, public_log, sequencer

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=3)


class TestRotate:
    def test_is_an_entry_that_names_both_keys(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        new = log_key_rotation.rotate_log_key(
            organisation_id, overlap=DAYS, actor="mem_1", at=NOON + DAYS
        )
        sequencer.settle_log(organisation_id, at=NOON + DAYS)

        event = list(log_reader.walk_events(organisation_id))[-1]
        assert event.body is not None
        assert (event.kind, event.body["new"], event.body["public_key"]) == (
            "key.rotated", new.key_id, new.public_key.hex(),
        )  # fmt: skip
        assert event.body["old_signs_until"] == "2026-11-27T12:00:00Z"

    @pytest.mark.parametrize(("days", "lines"), [(3, 2), (5, 2), (6, 1)])
    def test_lets_both_sign_until_the_overlap_ends(
        self, organisation_id: str, append: Append, days: int, lines: int
    ) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        log_key_rotation.rotate_log_key(
            organisation_id, overlap=DAYS, actor="mem_1", at=NOON + DAYS
        )
        sequencer.settle_log(organisation_id, at=NOON + timedelta(days=days))

        assert public_log.get_checkpoint_note(organisation_id).count("— ") == lines

    def test_of_no_log_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            log_key_rotation.rotate_log_key(ids.new("org"), overlap=DAYS, actor="mem_1", at=NOON)

    def test_without_an_overlap_is_refused(self, organisation_id: str, append: Append) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)

        with pytest.raises(ValueError, match="overlap"):
            log_key_rotation.rotate_log_key(
                organisation_id, overlap=timedelta(0), actor="mem_1", at=NOON
            )


class TestCommand:
    def test_says_the_new_key_which_signs_at_once(
        self, organisation_id: str, append: Append
    ) -> None:
        append(1)
        sequencer.settle_log(organisation_id, at=NOON)
        said = StringIO()
        call_command("rotate_log_key", organisation_id, actor="mem_1", stdout=said)

        assert (
            reference_tree.check_note(
                public_log.get_checkpoint_note(organisation_id), said.getvalue()
            )[1]
            == 2
        )

    def test_fails_without_a_log(self) -> None:
        with pytest.raises(CommandError, match="no such log"):
            call_command("rotate_log_key", ids.new("org"), actor="mem_1")
