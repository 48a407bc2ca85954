"""Backup and restore: everything comes back but who was erased since, and a log never shows two
histories.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.backup import after_restore, dump, restore_guard
from consent import gate
from consent import services as consents
from consent.models import Consent, Speaker
from core import clock
from erasure import execution, tombstones
from erasure.models import Erasure, ErasureState
from tests.config.conftest import AUDIO, Ada, MakeAda, back_up, erase, restore, revoke
from tests.conftest import NOON
from tests.support.consent_factories import ask_for
from transparency_log import sequencer
from transparency_log.models import Entry, Head
from upstream.upstream_errors import ProviderUnavailable
from vault import blobs, key_rotation, storage, subject_keys
from vault.models import Blob
from vault.subject_keys import KeyDestroyed

pytestmark = pytest.mark.django_db(transaction=True)


def verify_log() -> None:
    """Exit 0, or SystemExit."""
    call_command("verify_log")


class TestARoundTrip:
    def test_brings_everything_back(self, ada: Ada, archive_file: Path, make_ada: MakeAda) -> None:
        back_up(archive_file)
        removed = make_ada()
        Consent.objects.filter(id=ada.consent.id).update(external_index="changed")
        blobs.delete_blob(ada.blob)

        restore(archive_file, "--replace")

        assert (ada.name, ada.audio) == ("Ada Example", AUDIO)
        assert Consent.objects.get().external_index == ""
        assert not Blob.objects.filter(id=removed.blob).exists()
        verify_log()

    def test_needs_no_permission_where_nothing_is(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        back_up(archive_file)
        call_command("flush", interactive=False, verbosity=0)
        shutil.rmtree(data_folder / "blobs")

        said = restore(archive_file)

        assert (ada.name, ada.audio) == ("Ada Example", AUDIO)
        assert "0 logs continued" in said
        verify_log()

    def test_holds_no_key_and_is_for_its_owner_alone(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        back_up(archive_file)

        with tarfile.open(archive_file) as tar:
            names = tar.getnames()
        assert {Path(name).parts[0] for name in names} == {
            dump.dump_file_name(),
            "blobs",
            "manifest.json",
        }
        whole, kept = archive_file.read_bytes(), list((data_folder / "kms").glob("*.key"))
        assert kept
        assert not any(file.read_bytes() in whole for file in kept)
        assert archive_file.stat().st_mode & 0o777 == 0o600

    def test_says_until_when_it_is_good(self, ada: Ada, archive_file: Path) -> None:
        assert f"until {NOON + timedelta(days=35):%Y-%m-%d}" in back_up(archive_file)

    def test_leaves_nothing_beside_it(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        back_up(archive_file)
        restore(archive_file, "--replace")
        assert [
            path.name
            for path in (*data_folder.iterdir(), *archive_file.parent.iterdir())
            if "part" in path.name
        ] == []
        assert not restore_guard.restore_mark_path().exists()

    def test_does_without_a_file_that_was_deleted_meanwhile(
        self, ada: Ada, archive_file: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = storage.FolderStorage(folder=data_folder / "blobs")
        monkeypatch.setattr(
            dump,
            "dump_database",
            _meanwhile(dump.dump_database, lambda: gone.delete(blobs.get_file_name(ada.blob))),
        )
        listed = list(gone.folder.glob("*/*"))
        monkeypatch.setattr("config.backup.archive._encrypted_files", lambda: listed)

        back_up(archive_file)
        restore(archive_file, "--replace")

        assert ada.name == "Ada Example"


def _meanwhile(do: Callable[[Path], None], then: Callable[[], object]) -> Callable[[Path], None]:
    def both(target: Path) -> None:
        do(target)
        then()

    return both


class TestSomebodyErasedSince:
    def test_is_erased_again(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        erase(ada)

        said = restore(archive_file, "--replace")

        assert "1 persons erased again" in said
        assert (ada.name, ada.speaker.state) == (None, Speaker.State.ERASED)
        assert not Blob.objects.filter(subject=ada.speaker.subject).exists()
        with pytest.raises(KeyDestroyed):
            subject_keys.derive_key(ada.speaker.subject, "anything")
        verify_log()

    def test_leaves_no_file_of_theirs(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        back_up(archive_file)
        erase(ada)
        restore(archive_file, "--replace")
        assert [file for file in (data_folder / "blobs").rglob("*") if ada.blob in file.name] == []

    def test_has_one_tombstone_and_one_erasure(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        erase(ada)
        restore(archive_file, "--replace")
        restore(archive_file, "--replace")
        assert [stone.speaker for stone in tombstones.read_tombstones().stones] == [ada.speaker.id]
        assert Erasure.objects.get(speaker_id=ada.speaker.id).state == ErasureState.COMPLETED

    def test_is_erased_again_though_the_backup_saw_it_begun(
        self, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tombstones, "write_tombstone", _killed)
        with pytest.raises(Killed):
            erase(ada)
        back_up(archive_file)  # with the lease of a worker that is dead
        monkeypatch.undo()
        monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1, minutes=20))
        _carried_to_its_end(ada)
        monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1, minutes=1))

        restore(archive_file, "--replace")

        assert ada.name is None

    def test_does_not_wait_for_a_provider_that_is_away(
        self, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back_up(archive_file)
        erase(ada)
        monkeypatch.setattr(execution, "continue_erasure", _away)

        said = restore(archive_file, "--replace")

        assert "1 erasures wait" in said
        assert ada.speaker.state == Speaker.State.FROZEN

    def test_stays_erased_when_nothing_is_done_with_the_tombstones(
        self, ada: Ada, archive_file: Path, data_folder: Path
    ) -> None:
        """A folder of anchors from before the erasure knows nothing of it; the end of the epoch
        does.
        """
        back_up(archive_file)
        erase(ada)
        (data_folder / "anchors" / tombstones.FILE).unlink()
        key_rotation.rotate_kek(at=NOON + timedelta(days=35))

        with pytest.raises(CommandError, match="no one can open it any more"):
            restore(archive_file, "--replace")


class TestATornTombstone:
    def test_of_a_known_erasure_is_completed_before_anything_is_replaced(
        self, ada: Ada, archive_file: Path
    ) -> None:
        """L-B13: the erasure was certified with a part of its line."""
        back_up(archive_file)
        erase(ada)
        path = tombstones.tombstone_path()
        path.write_bytes(path.read_bytes()[:136])

        said = restore(archive_file, "--replace")

        assert "1 persons erased again" in said
        assert ada.name is None

    def test_of_an_unknown_one_stops_a_restore_that_has_changed_nothing(
        self, ada: Ada, archive_file: Path
    ) -> None:
        back_up(archive_file)
        Consent.objects.filter(id=ada.consent.id).update(external_index="since")
        tombstones.tombstone_path().write_bytes(b'{"erasure": "era_')

        with pytest.raises(CommandError, match="nothing was changed"):
            restore(archive_file, "--replace")

        assert Consent.objects.get().external_index == "since"
        assert not restore_guard.restore_mark_path().exists()
        restore(archive_file, "--replace", "--ignore-torn-tombstones")
        assert Consent.objects.get().external_index == ""


def _carried_to_its_end(ada: Ada) -> None:
    execution.continue_erasure(Erasure.objects.get(speaker_id=ada.speaker.id).id, now=clock.now)
    sequencer.settle_log(ada.consent.organisation_id, at=clock.now())


def may_speak(ada: Ada) -> gate.Permit:
    """Ask the gate, some time after the restore."""
    ask = ask_for(ada.consent, channel="app", territory="DE")
    return gate.check(ask, at=NOON + timedelta(hours=2), actor="key:k")


class TestALogShorterThanItsAnchor:
    def test_goes_on_under_a_new_name_and_says_so(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        before = Head.objects.get()
        revoke(ada)

        said = restore(archive_file, "--replace")

        after = Head.objects.get()
        assert after.names == (before.origin, f"{before.origin}/2")
        assert Entry.objects.get(kind="log.recovered").idx == before.size
        assert "1 logs continued under a new name" in said
        assert ada.consent.organisation_id in said.partition("is lost")[2]
        verify_log()

    def test_lets_no_one_speak_who_may_have_revoked_since(
        self, ada: Ada, archive_file: Path
    ) -> None:
        back_up(archive_file)
        revoke(ada)

        said = restore(archive_file, "--replace")

        ada.consent.refresh_from_db()
        assert (ada.consent.state, ada.consent.suspended_by) == ("suspended", "organisation")
        with pytest.raises(gate.ConsentDenied) as denied:
            may_speak(ada)
        assert [reason.code for reason in denied.value.reasons] == ["consent_suspended"]
        assert Entry.objects.filter(kind="consent.suspended").count() == 1
        assert "suspended" in said
        verify_log()

    def test_and_lets_them_speak_again_once_someone_has_looked(
        self, ada: Ada, archive_file: Path
    ) -> None:
        back_up(archive_file)
        revoke(ada)
        restore(archive_file, "--replace")

        consents.resume_consent(
            ada.consent.id, organisation_id=ada.consent.organisation_id,
            livemode=ada.consent.livemode, actor="mem:officer", at=NOON + timedelta(hours=2),
        )  # fmt: skip

        assert may_speak(ada).consent_id == ada.consent.id

    def test_that_lost_nothing_suspends_no_one(self, ada: Ada, archive_file: Path) -> None:
        back_up(archive_file)
        restore(archive_file, "--replace")

        ada.consent.refresh_from_db()
        assert ada.consent.state == "active"

    def test_is_continued_once_however_often_one_restores(
        self, ada: Ada, archive_file: Path
    ) -> None:
        back_up(archive_file)
        revoke(ada)
        restore(archive_file, "--replace")
        restore(archive_file, "--replace")
        assert Head.objects.get().names[-1].endswith("/3")
        verify_log()


class Killed(BaseException):
    """The process ends here."""


def _killed(*_args: object, **_options: object) -> None:
    raise Killed


def _away(*_args: object, **_options: object) -> None:
    raise ProviderUnavailable("away")


class TestARestoreThatIsKilled:
    @pytest.mark.parametrize(
        "stage",
        [
            "config.backup.dump.restore_database",
            "shutil.move",
            "config.backup.after_restore.complete_restore",
        ],
    )
    def test_can_be_run_again(
        self, stage: str, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back_up(archive_file)
        erase(ada)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(stage, _killed)
            restore(archive_file, "--replace")

        restore(archive_file, "--replace")

        assert (ada.name, ada.speaker.state) == (None, Speaker.State.ERASED)
        verify_log()

    def test_serves_nothing_until_it_was_run_again(
        self, ada: Ada, archive_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back_up(archive_file)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(after_restore, "complete_restore", _killed)
            restore(archive_file, "--replace")
        with pytest.raises(SystemExit, match="a restore was begun"):
            restore_guard.refuse_unfinished_restore()

        restore(archive_file, "--replace")

        restore_guard.refuse_unfinished_restore()
