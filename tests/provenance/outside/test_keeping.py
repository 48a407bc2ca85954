"""Copies of checkpoints: the first one stays, in a folder and in an HTTP store, and another is somebody's alarm."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from provenance.models import Attestation, Checkpoint, Errand
from provenance.outside import errands, keeping
from provenance.outside.keeping import CopyDiffers, FolderKeep, HttpKeep, Keep
from provenance.outside.wire import OutsiderAway
from tests.conftest import NOON
from tests.provenance.log.history import Snapshot
from tests.provenance.outside.conftest import Grow
from tests.provenance.outside.serving import Asked, Reply, outsider

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


@pytest.fixture(params=["folder", "http"])
def keep(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keep]:
    if request.param == "folder":
        yield FolderKeep(tmp_path / "copies")
        return
    with outsider(Store()) as url:
        store = HttpKeep(f"{url}/bucket")
        yield store
        store.close()


class TestPut:
    def test_keeps_the_bytes(self, keep: Keep) -> None:
        keep.put(NAME, b"one", until=NOON)

        assert (keep.get(NAME), keep.get(NAME.replace("5", "6"))) == (b"one", None)

    def test_of_the_same_bytes_twice_is_no_error(self, keep: Keep) -> None:
        for _ in range(2):
            keep.put(NAME, b"one", until=NOON)

        assert keep.get(NAME) == b"one"

    def test_never_replaces(self, keep: Keep) -> None:
        keep.put(NAME, b"one", until=NOON)

        with pytest.raises(CopyDiffers):
            keep.put(NAME, b"two", until=NOON)
        assert keep.get(NAME) == b"one"


class TestAFolder:
    def test_makes_its_files_read_only(self, tmp_path: Path) -> None:
        FolderKeep(tmp_path).put(NAME, b"one", until=NOON)

        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o400

    def test_that_is_no_folder_is_an_absence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(OutsiderAway):
            FolderKeep(tmp_path / "file").put(NAME, b"one", until=NOON)


class TestAnHttpStore:
    @pytest.mark.parametrize("status", [301, 403, 500, 507])
    def test_that_does_not_take_it_is_an_absence(self, status: int) -> None:
        def refusing(asked: Asked) -> Reply:
            return Reply(status=status)

        with outsider(refusing) as url, closing(HttpKeep(url)) as keep, pytest.raises(OutsiderAway):
            keep.put(NAME, b"one", until=NOON)

    def test_that_says_taken_and_has_nothing_is_an_absence(self) -> None:
        def confused(asked: Asked) -> Reply:
            return Reply(status=412 if asked.method == "PUT" else 404)

        with outsider(confused) as url, closing(HttpKeep(url)) as keep, pytest.raises(OutsiderAway):
            keep.put(NAME, b"one", until=NOON)

    def test_is_told_the_retention_and_the_token(self) -> None:
        store = Store()
        with outsider(store) as url, closing(HttpKeep(url, token="secret", retention=True)) as keep:
            keep.put(NAME, b"one", until=NOON)

        headers = store.asked[0].headers
        assert headers["authorization"] == "Bearer secret"
        assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
        assert headers["x-amz-object-lock-retain-until-date"] == "2026-11-21T12:00:00Z"

    @pytest.mark.parametrize("url", ["ftp://a/b", "file://host/share", "file:relative", "nothing"])
    def test_or_folder_is_all_there_is(self, url: str) -> None:
        with pytest.raises(ValueError, match="http"):
            keeping.open_keep(url, token=None, retention=False)


@pytest.mark.django_db
class TestErrands:
    def run(self, hours: int = 0) -> int:
        return errands.run(now=lambda: NOON + timedelta(hours=hours))

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
        """Even by somebody who holds the database, the keys and the anchor."""
        settings.SAYSO_COPIES_URL = f"file://{tmp_path}/copies"
        grow(1)
        before, anchor = snapshot(), data_folder / "anchors" / f"{organisation_id}.json"
        anchored = anchor.read_bytes()
        grow(2)
        self.run()
        before.restore()
        anchor.write_bytes(anchored)
        Errand.objects.all().delete()
        grow(2)

        assert self.run(hours=2) == 0
        assert Errand.objects.get().code == "log_copy_differs"
        assert Attestation.objects.count() == 1
