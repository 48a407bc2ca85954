"""Having checkpoints cosigned: by an honest witness, a liar, one that is down, one that forgot, one
that knows more.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from pytest_django import Settings

from core import leases
from tests.conftest import NOON
from tests.support import reference_tree
from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.log_rollback import Snapshot
from tests.support.witness_server import FakeWitness
from tests.transparency_log.attestation.conftest import Grow
from tests.transparency_log.conftest import Append
from transparency_log import checkpoints, proofs, public_log, sequencer
from transparency_log.attestation import scheduler
from transparency_log.formats import cosignature, signed_note
from transparency_log.formats.cosignature import CosignatureRefused
from transparency_log.models import Attestation, AttestationTask, Checkpoint, Entry
from vault import signing_keys

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)


def run(at: datetime = NOON) -> int:
    return scheduler.run_due_tasks(now=lambda: at)


def row() -> AttestationTask:
    return AttestationTask.objects.get()


class TestAnHonestWitness:
    def test_cosigns_what_was_published(
        self, asked_witness: FakeWitness, organisation_id: str, client: Client
    ) -> None:
        assert run() == 1

        note = client.get(f"/log/{organisation_id}/checkpoint").content.decode()
        line = note.splitlines(keepends=True)[-1]
        text = signed_note.split_note(note)[0]
        assert line == asked_witness.cosign(text)
        assert (row().size, row().failures, row().code) == (5, 0, "")

    def test_leaves_the_log_s_own_signature_verifiable(
        self, asked_witness: FakeWitness, organisation_id: str
    ) -> None:
        run()

        note = public_log.get_checkpoint_note(organisation_id)
        assert (
            reference_tree.check_note(note, public_log.get_verifier_keys(organisation_id))[1] == 5
        )
        assert (
            signed_note.read_checkpoint(note, checkpoints.list_verifier_keys(organisation_id)).size
            == 5
        )

    def test_is_asked_from_where_it_stands_with_a_proof(
        self, asked_witness: FakeWitness, grow: Grow
    ) -> None:
        for size, at in ((5, NOON), (12, LATER), (300, LATER + timedelta(hours=2))):
            grow(size - Entry.objects.count())
            assert run(at) == 1

        olds = [asked.body.split(b"\n")[0] for asked in asked_witness.asked]
        assert olds == [b"old 0", b"old 5", b"old 12"]
        assert Attestation.objects.count() == 3

    def test_is_left_alone_while_nothing_was_published(self, asked_witness: FakeWitness) -> None:
        assert (run(), run(LATER), len(asked_witness.asked)) == (1, 0, 1)

    def test_is_asked_again_only_after_its_interval(
        self, asked_witness: FakeWitness, grow: Grow, settings: Settings
    ) -> None:
        run()
        grow(1)

        interval = timedelta(seconds=settings.SAYSO_WITNESS_SECONDS)
        assert (run(NOON + interval - timedelta(seconds=1)), run(NOON + interval)) == (0, 1)

    def test_that_knows_more_than_we_remember_is_asked_from_there(
        self, asked_witness: FakeWitness, grow: Grow
    ) -> None:
        run()
        AttestationTask.objects.update(size=0)
        grow(3)

        assert run(LATER) == 1
        assert [asked.body.split(b"\n")[0] for asked in asked_witness.asked[1:]] == [
            b"old 0",
            b"old 5",
        ]

    def test_also_cosigns_a_note_of_two_keys(
        self, asked_witness: FakeWitness, organisation_id: str, grow: Grow
    ) -> None:
        signing_keys.rotate_signing_key("log", organisation_id=organisation_id, at=NOON)
        grow(1)

        assert run() == 1  # it knows the older key alone

    def test_makes_proofs_that_carry_its_line(
        self, asked_witness: FakeWitness, organisation_id: str, append: Append
    ) -> None:
        run()
        event_id = Entry.objects.get(idx=3).event_id
        (newer,) = append(1)

        proof = proofs.build_tlog_proof(event_id, at=NOON)
        reference_tree.check_proof_file(
            proof,
            bytes(Entry.objects.get(idx=3).payload),
            public_log.get_verifier_keys(organisation_id),
        )
        assert asked_witness.name in proof
        # What no witness has seen yet is proved against the newest checkpoint all the same.
        assert asked_witness.name not in proofs.build_tlog_proof(newer, at=NOON)


class TestSeveralWitnesses:
    def test_make_a_quorum(
        self,
        asked_witness: FakeWitness,
        organisation_id: str,
        settings: Settings,
        client: Client,
        grow: Grow,
    ) -> None:
        settings.SAYSO_WITNESS_QUORUM = 2
        run()
        assert client.get(f"/log/{organisation_id}/witnessed").status_code == 404
        second = FakeWitness(name="witness.example/w2", trusted=asked_witness.trusted)
        with outsider(second) as url:
            settings.SAYSO_WITNESSES += cosignature.parse_witnesses(f"{second.vkey()} {url}")
            run()
        grow(1)

        note = client.get(f"/log/{organisation_id}/witnessed").content.decode()
        assert [word in note for word in ("w1", "w2", "\n5\n")] == [True, True, True]
        assert (
            client.get(f"/log/{organisation_id}/checkpoint").content.decode().split("\n")[1] == "6"
        )


def _blob(line: str) -> bytes:
    return base64.b64decode(line.split(" ")[2])


def _other_key(witness: FakeWitness, text: str) -> str:
    return FakeWitness(name=witness.name).cosign(text)


def _forged(witness: FakeWitness, text: str) -> str:
    forger = FakeWitness(name=witness.name, key=Ed25519PrivateKey.generate())
    return (
        f"— {witness.name} "
        f"{base64.b64encode(witness.key_id() + _blob(forger.cosign(text))[4:]).decode()}\n"
    )


def _other_text(witness: FakeWitness, text: str) -> str:
    return witness.cosign(text.replace("\n5\n", "\n6\n"))


def _other_time(witness: FakeWitness, text: str) -> str:
    blob = _blob(witness.cosign(text))
    return (
        f"— {witness.name} "
        f"{base64.b64encode(blob[:4] + struct.pack('>Q', 7) + blob[12:]).decode()}\n"
    )


def _plain_signature(witness: FakeWitness, text: str) -> str:
    """Of type 0x01 and without a time: that would be a log's signature."""
    return (
        f"— {witness.name} "
        f"{base64.b64encode(witness.key_id() + witness.key.sign(text.encode())).decode()}\n"
    )


def _far_future(witness: FakeWitness, text: str) -> str:
    return FakeWitness(name=witness.name, key=witness.key, seconds=witness.seconds + 86_400).cosign(
        text
    )


LIES: dict[str, Callable[[FakeWitness, str], str]] = {
    "another key": _other_key,
    "a signature under its own id": _forged,
    "another text": _other_text,
    "another time than it signed": _other_time,
    "no time at all": _plain_signature,
    "a day ahead": _far_future,
    "nothing": lambda witness, text: "",
    "half a line": lambda witness, text: witness.cosign(text)[:-9],
    "a page": lambda witness, text: "<html>hello</html>",
    "a note of its own": lambda witness, text: f"\n\nmine\n\n{witness.cosign(text)}",
}


class TestALiar:
    @pytest.mark.parametrize("lie", LIES)
    def test_is_not_believed(
        self, asked_witness: FakeWitness, settings: Settings, lie: str
    ) -> None:
        def lying(asked: Asked) -> Reply:
            text = asked.body.decode().partition("\n\n")[2].partition("\n\n")[0] + "\n"
            return Reply(status=200, body=LIES[lie](asked_witness, text).encode())

        with outsider(lying) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            assert run() == 0
        assert not Attestation.objects.exists()
        assert (row().size, row().failures, row().code) == (0, 1, "cosignature_refused")

    def test_that_adds_lines_of_others_adds_nothing(
        self, asked_witness: FakeWitness, settings: Settings
    ) -> None:
        stranger = FakeWitness(name="stranger.example")

        def chatty(asked: Asked) -> Reply:
            honest = asked_witness(asked)
            text = signed_note.split_note(asked.body.decode().partition("\n\n")[2])[0]
            return Reply(status=200, body=stranger.cosign(text).encode() + honest.body)

        with outsider(chatty) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            assert run() == 1
        assert b"stranger" not in bytes(Attestation.objects.get().answer)


class TestAWitnessThatIsDown:
    def test_holds_up_no_one_and_is_asked_later_and_later(
        self, asked_witness: FakeWitness, organisation_id: str, settings: Settings, grow: Grow
    ) -> None:
        settings.SAYSO_WITNESSES = cosignature.parse_witnesses(
            f"{asked_witness.vkey()} http://127.0.0.1:9"
        )
        at, waits = NOON, []
        for _ in range(10):
            assert run(at) == 0
            due = row().due_at
            assert due is not None
            waits.append((due - at).total_seconds())
            at = due
        grow(1)

        assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        assert (row().code, row().lease_until) == ("outsider_away", None)
        assert public_log.get_checkpoint_note(organisation_id).split("\n")[1] == "6"

    def test_is_tried_once_a_round_however_many_logs_wait(
        self, asked_witness: FakeWitness, settings: Settings, append: Append
    ) -> None:
        for letter in "abc":
            append(1, organisation_id=f"org_{letter * 26}")
            sequencer.settle_log(f"org_{letter * 26}", at=NOON)
        settings.SAYSO_WITNESSES = cosignature.parse_witnesses(
            f"{asked_witness.vkey()} http://127.0.0.1:9"
        )

        run()
        assert sorted(AttestationTask.objects.values_list("attempt", "failures")) == [
            (0, 0),
            (0, 0),
            (0, 0),
            (1, 1),
        ]
        run(LATER)
        assert sum(AttestationTask.objects.values_list("attempt", flat=True)) == 2

    def test_is_asked_again_when_it_is_back(
        self, asked_witness: FakeWitness, settings: Settings
    ) -> None:
        good = settings.SAYSO_WITNESSES
        settings.SAYSO_WITNESSES = cosignature.parse_witnesses(
            f"{asked_witness.vkey()} http://127.0.0.1:9"
        )
        run()
        settings.SAYSO_WITNESSES = good

        assert run(LATER) == 1
        assert (row().size, row().failures, row().code) == (5, 0, "")

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (403, "witness_distrusts_key"),
            (404, "witness_knows_no_such_log"),
            (422, "witness_refuses_proof"),
            (400, "witness_unfit"),
            (500, "witness_unfit"),
            (301, "witness_unfit"),
        ],
    )
    def test_or_that_refuses_says_why_in_its_row(
        self, asked_witness: FakeWitness, settings: Settings, status: int, code: str
    ) -> None:
        with outsider(
            lambda asked: Reply(status=status, headers={"Location": "http://127.0.0.1:9/"})
        ) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            run()

        assert (row().code, row().failures) == (code, 1)

    def test_or_that_never_stops_talking_is_cut_off(
        self, asked_witness: FakeWitness, settings: Settings
    ) -> None:
        with outsider(lambda asked: Reply(status=200, body=b"x" * 2**20)) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            run()

        assert row().code == "outsider_away"


class TestAWitnessThatForgot:
    def test_is_led_on_from_where_it_went_back_to(
        self, asked_witness: FakeWitness, grow: Grow
    ) -> None:
        run()
        (origin, before) = next(iter(asked_witness.held.items()))
        grow(4)
        run(LATER)
        asked_witness.held[origin] = before
        grow(4)

        assert run(LATER + timedelta(hours=2)) == 1
        assert asked_witness.held[origin][0] == 13

    def test_everything_is_led_on_from_nothing(
        self, asked_witness: FakeWitness, grow: Grow
    ) -> None:
        run()
        asked_witness.held.clear()
        grow(1)

        assert run(LATER) == 1


class TestAWitnessThatKnowsBetter:
    def test_tells_of_a_restored_backup(
        self, asked_witness: FakeWitness, grow: Grow, snapshot: Callable[[], Snapshot]
    ) -> None:
        backup = snapshot()
        grow(4)
        run()
        backup.restore()

        assert run(LATER) == 0
        assert (row().code, Attestation.objects.count()) == (
            "",
            1,
        )  # not due: it has vouched for more than there is
        AttestationTask.objects.update(size=0)
        assert run(LATER) == 0
        assert (row().code, Attestation.objects.count()) == ("witness_disagrees", 1)

    def test_tells_of_another_tree_of_the_same_size(
        self, asked_witness: FakeWitness, organisation_id: str
    ) -> None:
        origin = next(iter(asked_witness.trusted))
        asked_witness.held[origin] = (5, "A" * 43 + "=")

        assert run() == 0
        assert row().code == "witness_disagrees"

    def test_of_a_prefix_refuses_the_proof(self, asked_witness: FakeWitness) -> None:
        asked_witness.held[next(iter(asked_witness.trusted))] = (3, "A" * 43 + "=")

        run()
        assert row().code == "witness_refuses_proof"

    @pytest.mark.parametrize("body", [b"", b"-1\n", b"05\n", b"many\n", b"9" * 30, b"5\n5\n"])
    def test_must_say_its_size(
        self, asked_witness: FakeWitness, settings: Settings, body: bytes
    ) -> None:
        with outsider(lambda asked: Reply(status=409, body=body)) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            run()

        assert row().code == "cosignature_refused"

    @pytest.mark.parametrize("held", [0, 3])
    def test_must_make_up_its_mind(
        self, asked_witness: FakeWitness, settings: Settings, held: int
    ) -> None:
        with outsider(lambda asked: Reply(status=409, body=b"%d\n" % held)) as url:
            settings.SAYSO_WITNESSES = cosignature.parse_witnesses(f"{asked_witness.vkey()} {url}")
            run()

        assert row().code == "witness_unfit"


class TestAnErrand:
    def test_is_carried_out_by_one_of_two_workers(self, asked_witness: FakeWitness) -> None:
        (outsider_,) = scheduler.list_attestors()
        scheduler._plan_tasks(outsider_, at=NOON)
        AttestationTask.objects.update(lease_until=NOON + leases.LEASE)

        assert run() == 0
        assert run(NOON + leases.LEASE) == 1

    def test_for_a_recovered_log_is_a_new_one(
        self, asked_witness: FakeWitness, organisation_id: str
    ) -> None:
        run()
        AttestationTask.objects.update(origin="another")

        run(LATER)
        assert AttestationTask.objects.count() == 2

    def test_does_not_exist_where_no_one_is_named(self, grow: Grow) -> None:
        grow(1)

        assert (run(), AttestationTask.objects.count(), Checkpoint.objects.count()) == (0, 0, 1)


class TestParseWitnesses:
    def test_reads_lines_and_commas(self) -> None:
        one, two = FakeWitness(), FakeWitness(name="w2")
        text = f"# ours\n{one.vkey()} https://a.example/prefix/\n\n{two.vkey()} http://b.example, "

        assert [(str(each.key), each.url) for each in cosignature.parse_witnesses(text)] == [
            (one.vkey(), "https://a.example/prefix"), (two.vkey(), "http://b.example"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            "witness",
            "a b c",
            "name+00000000+BA== https://a",
            "{vkey} ftp://a",
            "{vkey} https://a, {vkey} http://b",
        ],
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"\Aholds|\Anames"):
            cosignature.parse_witnesses(text.replace("{vkey}", FakeWitness().vkey()))

    def test_refuses_the_key_of_a_log(self) -> None:
        key = signed_note.VerifierKey(name="log.example", public_key=bytes(32))

        with pytest.raises(signed_note.NoteRefused):
            cosignature.parse_witness_key(str(key))


class TestReadLine:
    def test_knows_no_present(self) -> None:
        far = FakeWitness(seconds=int(datetime(2190, 1, 1, tzinfo=UTC).timestamp()))
        key = cosignature.parse_witness_key(far.vkey())

        found = cosignature.read_kept_line(
            far.cosign("a\n1\nb\n").encode(), text="a\n1\nb\n", key=key
        )
        assert found.at.year == 2190
        with pytest.raises(CosignatureRefused):
            cosignature.read_cosignature(
                far.cosign("a\n1\nb\n").encode(), text="a\n1\nb\n", key=key, at=NOON
            )
