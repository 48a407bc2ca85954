"""RFC 3161 stamps by OpenSSL's own authority on loopback, and everything that may be wrong with
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from rfc3161_client import decode_timestamp_response

from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.timestamp_authority import Authority
from tests.transparency_log.attestation.conftest import Grow
from transparency_log.attestation import scheduler, timestamping
from transparency_log.attestation.http_client import AttestorUnavailable, HttpClient
from transparency_log.attestation.timestamping import StampRefused
from transparency_log.formats import der
from transparency_log.models import Attestation, AttestationTask, Checkpoint

DATA = b"voice.example/log\n5\nroot\n"


@pytest.fixture(scope="module", params=[True, False], ids=["with its issuer", "alone"])
def authority(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    return Authority(folder=tmp_path_factory.mktemp("tsa") / "tsa", chain=request.param)


def ask(authority: Authority, data: bytes = DATA) -> timestamping.Stamp:
    with outsider(authority) as url, HttpClient(url) as wire:
        return timestamping.request_timestamp(data, roots=authority.roots.read_bytes(), wire=wire)


class TestAStamp:
    def test_is_believed_and_openssl_agrees(self, authority: Authority) -> None:
        stamp = ask(authority)

        assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)
        assert authority.verifies(stamp.response, DATA)
        assert not authority.verifies(stamp.response, DATA + b" ")

    def test_can_be_checked_again_from_what_was_kept(self, authority: Authority) -> None:
        stamp, roots = ask(authority), authority.roots.read_bytes()

        again = timestamping.verify_kept_timestamp(
            stamp.request, stamp.response, data=DATA, signed_at=stamp.at, roots=roots
        )
        assert again == stamp.at

    def test_of_other_bytes_is_refused(self, authority: Authority) -> None:
        stamp = ask(authority)

        with pytest.raises(StampRefused):
            timestamping.verify_timestamp(
                stamp.response, data=DATA + b" ", nonce=None, roots=authority.roots.read_bytes()
            )

    def test_for_another_request_is_refused(self, authority: Authority) -> None:
        first, second = ask(authority), ask(authority)

        with pytest.raises(StampRefused):
            timestamping.verify_kept_timestamp(
                first.request,
                second.response,
                data=DATA,
                signed_at=first.at,
                roots=authority.roots.read_bytes(),
            )

    def test_of_an_unknown_authority_is_refused(self, authority: Authority, tmp_path: Path) -> None:
        stranger = Authority(folder=tmp_path / "stranger", chain=authority.chain)
        stamp = ask(authority)

        with pytest.raises(StampRefused):
            timestamping.verify_timestamp(
                stamp.response, data=DATA, nonce=None, roots=stranger.roots.read_bytes()
            )

    def test_earlier_than_what_it_stamps_is_refused(self, authority: Authority) -> None:
        stamp = ask(authority)
        late = stamp.at + timedelta(hours=1)

        with pytest.raises(StampRefused, match="earlier"):
            timestamping.verify_kept_timestamp(
                stamp.request,
                stamp.response,
                data=DATA,
                signed_at=late,
                roots=authority.roots.read_bytes(),
            )

    def test_with_any_changed_byte_of_its_signature_is_refused(self, authority: Authority) -> None:
        stamp = ask(authority)
        broken = stamp.response[:-1] + bytes([stamp.response[-1] ^ 1])

        with pytest.raises(StampRefused):
            timestamping.verify_timestamp(
                broken, data=DATA, nonce=None, roots=authority.roots.read_bytes()
            )

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"\x30\x03\x02\x01\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80"]
    )
    def test_that_is_none_is_refused(self, authority: Authority, body: bytes) -> None:
        roots = authority.roots.read_bytes()
        reply = Reply(status=200, body=body)
        with (
            outsider(lambda asked: reply) as url,
            HttpClient(url) as wire,
            pytest.raises(StampRefused),
        ):
            timestamping.request_timestamp(DATA, roots=roots, wire=wire)

    def test_of_an_authority_that_is_down_is_someone_s_absence(self, authority: Authority) -> None:
        with (
            outsider(lambda asked: Reply(status=503)) as url,
            HttpClient(url) as wire,
            pytest.raises(AttestorUnavailable),
        ):
            timestamping.request_timestamp(DATA, roots=authority.roots.read_bytes(), wire=wire)

    def test_of_an_authority_that_replays_an_old_one_is_refused(self, authority: Authority) -> None:
        roots = authority.roots.read_bytes()
        replayed = Reply(status=200, body=ask(authority).response)
        with (
            outsider(lambda asked: replayed) as url,
            HttpClient(url) as wire,
            pytest.raises(StampRefused),
        ):
            timestamping.request_timestamp(DATA, roots=roots, wire=wire)


class TestCertificatesInOrder:
    def test_are_what_lets_openssl_s_tokens_be_read(self, tmp_path: Path) -> None:
        stamp = ask(Authority(folder=tmp_path / "tsa"))

        with pytest.raises(ValueError, match=r"."):
            # Reading it is what fails.
            decode_timestamp_response(stamp.response).signed_data  # noqa: B018
        assert (
            len(
                decode_timestamp_response(
                    der.sort_certificates(stamp.response)
                ).signed_data.certificates
            )
            == 2
        )

    def test_stay_where_they_are_sorted(self, tmp_path: Path) -> None:
        stamp = ask(Authority(folder=tmp_path / "tsa", chain=False))

        assert der.sort_certificates(stamp.response) == stamp.response

    def test_leave_the_nonce_to_be_read(self, tmp_path: Path) -> None:
        stamp = ask(Authority(folder=tmp_path / "tsa"))

        assert (
            der.read_request_nonce(stamp.request)
            == decode_timestamp_response(der.sort_certificates(stamp.response)).tst_info.nonce
        )


@pytest.mark.django_db
class TestErrands:
    @pytest.fixture
    def stamping_authority(
        self, settings: Settings, tmp_path: Path, grow: Grow
    ) -> Iterator[Authority]:
        grow(3)
        authority = Authority(folder=tmp_path / "tsa")
        settings.SAYSO_TSA_ROOTS = str(authority.roots)
        with outsider(authority) as url:
            settings.SAYSO_TSA_URL = f"{url}/tsr"
            yield authority

    def run(self, at: datetime | None = None) -> int:
        return scheduler.run_due_tasks(now=lambda: at or datetime.now(UTC))

    def test_stamp_the_newest_checkpoint_once_an_interval(
        self, stamping_authority: Authority, grow: Grow, settings: Settings
    ) -> None:
        assert self.run() == 1
        grow(1)
        assert self.run() == 0
        assert (
            self.run(datetime.now(UTC) + timedelta(seconds=settings.SAYSO_EVIDENCE_SECONDS + 1))
            == 1
        )
        assert sorted(Attestation.objects.values_list("size", flat=True)) == [3, 4]

    def test_let_anyone_verify_with_openssl_alone(
        self, stamping_authority: Authority, organisation_id: str, client: Client
    ) -> None:
        self.run()
        prefix = f"/log/{organisation_id}"

        (listed,) = client.get(f"{prefix}/stamps").json()["data"]
        answer = client.get(f"{prefix}/stamps/{listed['size']}")
        note = client.get(f"{prefix}/checkpoint/{listed['size']}/signed").content
        assert answer["Content-Type"] == "application/timestamp-reply"
        assert stamping_authority.verifies(answer.content, note)
        assert note.decode() == Checkpoint.objects.get().note

    def test_wait_while_the_network_is_away(
        self, stamping_authority: Authority, settings: Settings
    ) -> None:
        there = settings.SAYSO_TSA_URL
        settings.SAYSO_TSA_URL = "http://127.0.0.1:9/tsr"
        assert self.run() == 0
        settings.SAYSO_TSA_URL = there

        assert self.run() == 1  # the other URL is another authority, and has its own row
        assert sorted(AttestationTask.objects.values_list("code", flat=True)) == [
            "",
            "outsider_away",
        ]

    def test_keep_nothing_of_a_stamp_that_does_not_hold(
        self, stamping_authority: Authority, settings: Settings, tmp_path: Path
    ) -> None:
        settings.SAYSO_TSA_ROOTS = str(Authority(folder=tmp_path / "stranger").roots)

        assert self.run() == 0
        assert (AttestationTask.objects.get().code, Attestation.objects.count()) == (
            "stamp_refused",
            0,
        )

    def test_wait_while_the_roots_cannot_be_read(
        self, stamping_authority: Authority, settings: Settings
    ) -> None:
        settings.SAYSO_TSA_ROOTS = "/nowhere/roots.pem"

        assert self.run() == 0
        assert AttestationTask.objects.get().code == "outsider_away"


def test_an_authority_is_asked_with_a_nonce_and_for_its_certificate(authority: Authority) -> None:
    seen: list[Asked] = []

    def watching(asked: Asked) -> Reply:
        seen.append(asked)
        return authority(asked)

    with outsider(watching) as url, HttpClient(url) as wire:
        timestamping.request_timestamp(DATA, roots=authority.roots.read_bytes(), wire=wire)
    assert der.read_request_nonce(seen[0].body) is not None
    assert seen[0].body.endswith(b"\x01\x01\xff")  # certReq TRUE
