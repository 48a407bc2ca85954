"""The papers of a streamed clip: whole, it verifies like a file; broken off, it is in the log and
has no receipt.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.models import Receipt
from tests.support import export_scenario
from tests.support.receipt_folders import Papers, payload_of
from tests.support.wire_client import Call, Wire
from tests.voices.streaming.conftest import TEXT, Teller, asked, settled
from transparency_log import proofs
from upstream.upstream_errors import ProviderUnavailable
from voices.models import Voice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def papers(wire: Wire, voice: Voice, teller: Teller, tmp_path: Path) -> Papers:
    """A stream heard to its end, and everything that a stranger may fetch about it."""
    call = wire.speak(asked(voice))
    found = Papers(folder=tmp_path, clip=call.headers["sayso-clip"])
    found.write("audio", call.rest())
    found.write("script", TEXT.encode())
    for name in ("receipt", "proof", "opening"):
        found.write(name, wire.answer(f"/v1/clips/{found.clip}/{name}").body)
    found.write("keys.json", wire.answer(f"/log/{voice.organisation_id}/keys.json").body)
    return found


class TestAWholeStream:
    def test_has_a_receipt_that_verifies_against_the_bytes_that_came(self, papers: Papers) -> None:
        verdict = papers.verify()

        assert verdict.code == 0
        assert {verdict.checks[name] for name in ("log", "audio", "opening", "script")} == {"ok"}
        said = payload_of(papers.read("receipt"))
        assert (said["clip"], said["audio"]["bytes"]) == (papers.clip, len(papers.read("audio")))
        assert said["marks"]["watermark"]["checks"] == ["delivered", "beginning"]

    def test_without_its_last_bytes_is_not_what_the_receipt_speaks_of(self, papers: Papers) -> None:
        papers.write("audio", papers.read("audio")[:-400])

        verdict = papers.verify()
        assert (verdict.code, verdict.checks["audio"]) == (1, "REFUSED")


class TestABrokenStream:
    @pytest.fixture
    def broken(self, wire: Wire, voice: Voice, teller: Teller) -> Call:
        """A stream whose engine fails behind the first piece."""

        def before(number: int) -> None:
            if number == 1:
                raise ProviderUnavailable("It does not answer.")

        teller.before = before
        call = wire.speak(asked(voice))
        call.rest()
        return call

    def test_has_no_receipt_and_never_gets_one(self, wire: Wire, broken: Call) -> None:
        clip = settled(broken.headers["sayso-clip"])
        for path in ("receipt", "receipt?serialization=json"):
            answer = wire.answer(f"/v1/clips/{clip.id}/{path}")
            assert (answer.status, answer.json["code"]) == (404, "no_receipt")
            assert "broken off" in answer.json["detail"]
        assert not Receipt.objects.exists()

    def test_has_its_place_in_the_log_under_the_hash_of_what_came(
        self, wire: Wire, broken: Call
    ) -> None:
        clip = settled(broken.headers["sayso-clip"])

        proof = wire.answer(f"/v1/clips/{clip.id}/proof")
        opened = wire.get(f"/v1/clips/{clip.id}/opening")

        place = proofs.list_history(clip.organisation_id, clip.id)[-1]
        assert (proof.status, proof.body.splitlines()[0]) == (200, b"c2sp.org/tlog-proof@v1")
        assert (opened["id"], opened["body"]["complete"]) == (place.event_id, False)
        assert (opened["body"]["sha256"], opened["body"]["bytes"]) == (
            clip.sha256,
            len(broken.received),
        )


class TestAnAuditBundle:
    def test_of_a_stream_is_replayed_in_full(
        self, wire: Wire, voice: Voice, teller: Teller, tmp_path: Path
    ) -> None:
        wire.speak(asked(voice)).rest()
        (tmp_path / "audit.zip").write_bytes(export_scenario.bundle(voice.organisation))

        verdict = export_scenario.verify(tmp_path / "audit.zip")
        assert verdict.checks["standing"] == "ok"
        assert " and 1 clips" in verdict.details["standing"]
