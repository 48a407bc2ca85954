"""Copies of checkpoints: the first one stays, in a folder and in an HTTP store, and another is
someone's alarm.
"""

from __future__ import annotations

import hmac
import stat
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.conftest import NOON
from tests.support.attestor_servers import Asked, Reply, outsider
from tests.support.log_rollback import Snapshot
from tests.transparency_log.attestation.conftest import Grow
from transparency_log.attestation import aws_sigv4, checkpoint_copies, copy_settings, scheduler
from transparency_log.attestation.checkpoint_copies import (
    CopyDiffers,
    CopyStore,
    FileCopyStore,
    HttpCopyStore,
)
from transparency_log.attestation.http_client import AttestorUnavailable
from transparency_log.models import Attestation, AttestationTask, Checkpoint

NAME = "org_a/1/00000000000000000005.checkpoint"


class Store:
    """An object store that takes `If-None-Match: *` at its word, as S3 does since 2024."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.method == "GET":
            found = self.objects.get(asked.path)
            return Reply(status=404) if found is None else Reply(status=200, body=found)
        assert asked.headers["if-none-match"] == "*"
        if asked.path in self.objects:
            return Reply(status=412)
        self.objects[asked.path] = asked.body
        return Reply(status=200)


SIGN = aws_sigv4.build_signer(access_key="AKIDEXAMPLE", secret_key="secret", region="eu-central-1")


class SignedStore(Store):
    """The same, which believes no one without AWS Signature Version 4, reckoned again from Amazon's
    description.
    """

    def __call__(self, asked: Asked) -> Reply:
        scheme, _, rest = asked.headers["authorization"].partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(", "))
        _, day, region, service, end = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        of_body = sha256(asked.body).hexdigest()
        head = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in names)
        request = "\n".join([asked.method, asked.path, "", head, ";".join(names), of_body])
        hashed = sha256(request.encode()).hexdigest()
        text = "\n".join(
            [scheme, asked.headers["x-amz-date"], f"{day}/{region}/{service}/{end}", hashed]
        )
        key = b"AWS4secret"
        for word in (day, region, service, end):
            key = hmac.digest(key, word.encode(), "sha256")
        wanted = hmac.digest(key, text.encode(), "sha256").hex()
        if (wanted, asked.headers["x-amz-content-sha256"], "host" in names) != (
            parts["Signature"],
            of_body,
            True,
        ):
            return Reply(status=403)
        if "x-amz-object-lock-mode" in asked.headers:
            assert b64decode(asked.headers["x-amz-checksum-sha256"]) == sha256(asked.body).digest()
        return super().__call__(asked)


@pytest.fixture(params=["folder", "http", "signed"])
def keep(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CopyStore]:
    if request.param == "folder":
        yield FileCopyStore(tmp_path / "copies")
        return
    signs = request.param == "signed"
    with outsider(SignedStore() if signs else Store()) as url:
        store = HttpCopyStore(f"{url}/bucket", sign=SIGN if signs else None, retention=signs)
        yield store
        store.close()


class TestASignedRequest:
    def test_is_refused_under_another_secret(self) -> None:
        wrong = aws_sigv4.build_signer(
            access_key="AKIDEXAMPLE", secret_key="another", region="eu-central-1"
        )
        with (
            outsider(SignedStore()) as url,
            closing(HttpCopyStore(f"{url}/bucket", sign=wrong)) as keep,
            pytest.raises(AttestorUnavailable) as refused,
        ):
            keep.store_copy(NAME, b"one", until=NOON)

        assert refused.value.facts == {"status": 403}

    def test_covers_the_body_and_the_retention(self) -> None:
        headers = SIGN(
            "PUT", "https://s3.example/bucket/x", {"x-amz-object-lock-mode": "COMPLIANCE"}, b"one"
        )
        words = {name.lower(): value for name, value in headers.items()}

        assert words["x-amz-content-sha256"] == sha256(b"one").hexdigest()
        assert "x-amz-object-lock-mode" in words["authorization"]
        assert "secret" not in str(headers)

    def test_wants_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "botocore.auth", None)
        with pytest.raises(aws_sigv4.NotInstalled, match="objects"):
            aws_sigv4.build_signer(access_key="a", secret_key="b", region="c")

    def test_is_what_the_settings_ask_for(self, settings: Settings) -> None:
        settings.SAYSO_COPIES_ACCESS_KEY, settings.SAYSO_COPIES_SECRET_KEY = "AKIDEXAMPLE", "secret"
        settings.SAYSO_COPIES_REGION = "eu-central-1"
        store = SignedStore()
        with outsider(store) as url, closing(copy_settings.open_store(f"{url}/bucket")) as keep:
            keep.store_copy(NAME, b"one", until=NOON)

        assert list(store.objects.values()) == [b"one"]


class TestPut:
    def test_keeps_the_bytes(self, keep: CopyStore) -> None:
        keep.store_copy(NAME, b"one", until=NOON)

        assert (keep.get(NAME), keep.get(NAME.replace("5", "6"))) == (b"one", None)

    def test_of_the_same_bytes_twice_is_no_error(self, keep: CopyStore) -> None:
        for _ in range(2):
            keep.store_copy(NAME, b"one", until=NOON)

        assert keep.get(NAME) == b"one"

    def test_never_replaces(self, keep: CopyStore) -> None:
        keep.store_copy(NAME, b"one", until=NOON)

        with pytest.raises(CopyDiffers):
            keep.store_copy(NAME, b"two", until=NOON)
        assert keep.get(NAME) == b"one"


class TestAFolder:
    def test_makes_its_files_read_only(self, tmp_path: Path) -> None:
        FileCopyStore(tmp_path).store_copy(NAME, b"one", until=NOON)

        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o400

    def test_that_is_no_folder_is_an_absence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(AttestorUnavailable):
            FileCopyStore(tmp_path / "file").store_copy(NAME, b"one", until=NOON)


class TestAnHttpStore:
    @pytest.mark.parametrize("status", [301, 403, 500, 507])
    def test_that_does_not_take_it_is_an_absence(self, status: int) -> None:
        def refusing(asked: Asked) -> Reply:
            return Reply(status=status)

        with (
            outsider(refusing) as url,
            closing(HttpCopyStore(url)) as keep,
            pytest.raises(AttestorUnavailable),
        ):
            keep.store_copy(NAME, b"one", until=NOON)

    def test_that_says_taken_and_has_nothing_is_an_absence(self) -> None:
        def confused(asked: Asked) -> Reply:
            return Reply(status=412 if asked.method == "PUT" else 404)

        with (
            outsider(confused) as url,
            closing(HttpCopyStore(url)) as keep,
            pytest.raises(AttestorUnavailable),
        ):
            keep.store_copy(NAME, b"one", until=NOON)

    def test_is_told_the_retention_and_the_token(self) -> None:
        store = Store()
        with (
            outsider(store) as url,
            closing(HttpCopyStore(url, token="secret", retention=True)) as keep,
        ):
            keep.store_copy(NAME, b"one", until=NOON)

        headers = store.asked[0].headers
        assert headers["authorization"] == "Bearer secret"
        assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
        assert headers["x-amz-object-lock-retain-until-date"] == "2026-11-21T12:00:00Z"

    @pytest.mark.parametrize("url", ["ftp://a/b", "file://host/share", "file:relative", "nothing"])
    def test_or_folder_is_all_there_is(self, url: str) -> None:
        with pytest.raises(ValueError, match="http"):
            checkpoint_copies.open_copy_store(url, token=None, retention=False)


@pytest.mark.django_db
class TestErrands:
    def run(self, hours: int = 0) -> int:
        return scheduler.run_due_tasks(now=lambda: NOON + timedelta(hours=hours))

    def test_copy_the_newest_note_once_an_interval(
        self, settings: Settings, tmp_path: Path, grow: Grow, organisation_id: str
    ) -> None:
        settings.SAYSO_COPIES_URL = f"file://{tmp_path}/copies"
        grow(3)
        assert self.run() == 1
        grow(2)
        assert (self.run(), self.run(hours=1)) == (0, 1)

        copies = sorted((tmp_path / "copies" / organisation_id / "1").iterdir())
        notes = Checkpoint.objects.order_by("size").values_list("note", flat=True)
        assert [copy.read_text() for copy in copies] == list(notes)
        assert [int(copy.stem) for copy in copies] == [3, 5]

    def test_find_out_a_history_that_was_rewritten(
        self,
        settings: Settings,
        tmp_path: Path,
        grow: Grow,
        snapshot: Callable[[], Snapshot],
        data_folder: Path,
        organisation_id: str,
    ) -> None:
        """Even by someone who holds the database, the keys and the anchor."""
        settings.SAYSO_COPIES_URL = f"file://{tmp_path}/copies"
        grow(1)
        before, anchor = snapshot(), data_folder / "anchors" / f"{organisation_id}.json"
        anchored = anchor.read_bytes()
        grow(2)
        self.run()
        before.restore()
        anchor.write_bytes(anchored)
        AttestationTask.objects.all().delete()
        grow(2)

        assert self.run(hours=2) == 0
        assert AttestationTask.objects.get().code == "log_copy_differs"
        assert Attestation.objects.count() == 1
