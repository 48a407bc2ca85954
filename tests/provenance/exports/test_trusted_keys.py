"""Who vouches for the keys of a bundle: no key counts because the bundle itself, or a stranger,
says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.exports import export_requests as exports
from provenance.exports import worker
from provenance.verifier.merkle_proofs import Tree, hash_leaf
from tests.conftest import NOON
from tests.support import export_scenario
from tests.support.bundle_forgery import THEIRS, Files, base64url, rehashed
from tests.support.consent_factories import KEY
from tests.support.export_scenario import Story, Verdict
from transparency_log import log_key_rotation
from transparency_log.formats import signed_note

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
DAYS = timedelta(days=3)
LOG = Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))


def with_key(files: Files, purpose: str, key: Ed25519PrivateKey) -> Files:
    """Put a key of the forger's beside the genuine ones."""
    keys = json.loads(files["keys.json"])
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    keys[purpose].append({**keys[purpose][0], "key_id": f"{purpose}-forged", "public_key": public})
    return {**files, "keys.json": json.dumps(keys).encode()}


def signed(
    files: Files, key: Ed25519PrivateKey, *, size: int | None = None, root: bytes = b""
) -> Files:
    """Sign the manifest with a key that the forger put into keys.json, the genuine one beside
    it.
    """

    def change(manifest: dict[str, dict[str, object]]) -> None:
        if size is not None:
            manifest["checkpoint"].update(size=size, root=base64.b64encode(root).decode())
            manifest["counts"]["entries"] = size

    forged = rehashed(with_key(files, "exports", key), change)
    text = (
        base64url(b'{"alg":"Ed25519","kid":"exports-forged"}')
        + b"."
        + base64url(forged["manifest.json"])
    )
    return {**forged, "manifest.jws": text + b"." + base64url(key.sign(text))}


def with_invented_entry(files: Files) -> Files:
    """One entry more at the end of the log, which no one can open, under a checkpoint of the
    forger's log key.
    """
    lines = files["entries.jsonl"].splitlines()
    entry = {**json.loads(lines[-1]), "id": "evt_" + "a" * 26, "live": True}
    lines.append(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())
    tree = Tree()
    tree.extend([hash_leaf(line) for line in lines])
    origin = files["checkpoint"].decode().split("\n")[0]
    key = signed_note.VerifierKey(name=origin, public_key=LOG.public_key().public_bytes_raw())
    head = signed_note.TreeHead(origin=origin, size=tree.size, root=tree.root())
    forged = {
        **with_key(files, "log", LOG),
        "entries.jsonl": b"\n".join(lines) + b"\n",
        "checkpoint": signed_note.sign_note(head.text(), [(key, LOG.sign)]).encode(),
    }
    return signed(forged, THEIRS, size=tree.size, root=tree.root())


def with_record_signed_by(files: Files, key: Ed25519PrivateKey) -> Files:
    """The very record that was signed, under another signature."""
    row = json.loads(files["records/consents.jsonl"].splitlines()[0])
    text = (
        base64url(b'{"alg":"Ed25519","kid":"records-forged"}')
        + b"."
        + base64url(base64.b64decode(row["record"]))
    )
    row["jws"] = (text + b"." + base64url(key.sign(text))).decode()
    forged = with_key(
        {**files, "records/consents.jsonl": json.dumps(row).encode() + b"\n"}, "records", key
    )
    old = json.loads(files["keys.json"])["records"][0]["key_id"].encode()
    for name in ("tables/consents.jsonl", "tables/consents.csv"):
        forged[name] = files[name].replace(old, b"records-forged")
    return signed(forged, THEIRS)


@pytest.fixture
def now(told: Story, fresh: bytes, tmp_path: Path) -> Files:
    """A second bundle; the checkpoint of the first lies in `earlier`, the published keys in
    `keys.json`.
    """
    (tmp_path / "earlier").write_bytes(export_scenario.members(fresh)["checkpoint"])
    export_scenario.speak(told.consent, 7)
    files = export_scenario.members(export_scenario.bundle(told.organisation))
    (tmp_path / "keys.json").write_bytes(files["keys.json"])
    origin, public = (
        files["checkpoint"].decode().split("\n")[0],
        json.loads(files["keys.json"])["log"][0]["public_key"],
    )
    (tmp_path / "log.key").write_text(
        f"{signed_note.VerifierKey(name=origin, public_key=base64.b64decode(public))}\n"
    )
    return files


def judge(files: Files, folder: Path, *options: str) -> Verdict:
    """Verify files with some of what the auditor has: `earlier`, `keys.json`, `log.key`."""
    (folder / "judged.zip").write_bytes(export_scenario.packed(files))
    flags = {"earlier": "--previous", "keys.json": "--key", "log.key": "--key"}
    return export_scenario.verify(
        folder / "judged.zip",
        *(word for one in options for word in (flags[one], str(folder / one))),
    )


class TestAnHonestBundle:
    def test_is_verified_by_whatever_the_auditor_holds(self, now: Files, tmp_path: Path) -> None:
        held: list[tuple[str, ...]] = [
            ("earlier",), ("keys.json",), ("log.key",), ("keys.json", "earlier"),
            ("log.key", "earlier"),
        ]  # fmt: skip

        assert [judge(now, tmp_path, *options).code for options in held] == [0] * 5
        assert judge(now, tmp_path).code == 3

    def test_is_not_vouched_for_by_a_checkpoint_that_is_not_seen_to_be_continued(
        self, now: Files, told: Story, tmp_path: Path
    ) -> None:
        own = export_scenario.members(
            export_scenario.bundle(told.organisation, "speaker", speaker_id=told.speaker.id)
        )

        assert judge(own, tmp_path, "earlier").code == 3


class TestAStrangersKey:
    def test_under_a_checkpoint_that_goes_on_from_the_genuine_one_is_never_verified(
        self, now: Files, tmp_path: Path
    ) -> None:
        forged = with_invented_entry(now)
        verdict = judge(forged, tmp_path, "earlier")

        assert (verdict.code, verdict.checks["prefix"], verdict.checks["vouched"]) == (
            3,
            "ok",
            "not checked",
        )
        assert "the manifest, the checkpoint" in verdict.details["vouched"]
        assert judge(forged, tmp_path).code == 3
        assert judge(forged, tmp_path, "keys.json").code == 1
        assert judge(forged, tmp_path, "log.key", "earlier").code == 1

    def test_that_signs_the_manifest_over_the_genuine_log_is_never_verified(
        self, now: Files, tmp_path: Path
    ) -> None:
        forged = signed(now, THEIRS)
        found = [
            judge(forged, tmp_path, *options)
            for options in (("earlier",), ("log.key",), ("log.key", "earlier"))
        ]

        assert [verdict.code for verdict in found] == [3, 3, 3]
        assert ["signed the manifest:" in verdict.details["vouched"] for verdict in found] == [
            True
        ] * 3
        assert judge(forged, tmp_path, "keys.json").code == 1

    def test_that_signs_a_record_is_never_verified(self, now: Files, tmp_path: Path) -> None:
        verdict = judge(with_record_signed_by(now, THEIRS), tmp_path, "log.key", "earlier")

        assert (verdict.code, verdict.checks["records"]) == (3, "ok")
        assert "the manifest, consent records" in verdict.details["vouched"]

    def test_is_named_by_no_entry_above_a_checkpoint_of_a_vouched_key(
        self, now: Files, tmp_path: Path
    ) -> None:
        """The forger's own log may say of their keys what it likes."""
        lines = now["openings.jsonl"].splitlines()
        place = next(n for n, one in enumerate(lines) if "keys" in json.loads(one)["body"])
        assert json.loads(lines[place])["body"]["keys"]["exports"], (
            "an entry names the key that signs bundles"
        )
        row = json.loads(lines[place])
        row["body"]["keys"]["exports"] = [
            hashlib.sha256(THEIRS.public_key().public_bytes_raw()).hexdigest()
        ]
        lines[place] = json.dumps(row).encode()

        forged = signed({**now, "openings.jsonl": b"\n".join(lines) + b"\n"}, THEIRS)
        assert judge(forged, tmp_path, "earlier").checks["openings"] == "REFUSED"


class TestARotation:
    def test_carries_on_from_a_checkpoint_only_while_a_vouched_key_signs(
        self, told: Story, tmp_path: Path
    ) -> None:
        before = export_scenario.members(export_scenario.bundle(told.organisation))
        log_key_rotation.rotate_log_key(told.organisation.id, overlap=DAYS, actor=KEY, at=NOON)
        between = export_scenario.members(export_scenario.bundle(told.organisation))
        after = export_scenario.members(bundle_at(told, NOON + 2 * DAYS))
        text, _, tail = between["checkpoint"].decode().partition("\n\n")
        lines = tail.splitlines(keepends=True)
        old = [line for line in lines if line in old_lines(between, before)]
        assert (len(lines), len(old), after["checkpoint"].count("— ".encode())) == (2, 1, 1)

        found = {}
        for name, earlier in (
            ("before", before["checkpoint"]), ("between", between["checkpoint"]),
            ("between, by the old key alone", f"{text}\n\n{old[0]}".encode()),
        ):  # fmt: skip
            (tmp_path / "earlier").write_bytes(earlier)
            found[name] = [judge(files, tmp_path, "earlier").code for files in (between, after)]

        assert found == {
            "before": [0, 3],
            "between": [0, 0],
            "between, by the old key alone": [0, 0],
        }


def bundle_at(told: Story, at: datetime) -> bytes:
    """The audit bundle of a later day."""
    row = export_scenario.request(told.organisation, at=at)
    worker.make_pending_exports(now=lambda: at)
    row.refresh_from_db()
    return b"".join(exports.read_bundle(row))


def old_lines(files: Files, before: Files) -> set[str]:
    """The lines below a checkpoint whose key signed the earlier one, too: the four bytes in front
    name it.
    """
    names = {base64.b64decode(line.split()[2])[:4] for line in signatures(before)}
    return {line for line in signatures(files) if base64.b64decode(line.split()[2])[:4] in names}


def signatures(files: Files) -> list[str]:
    """The signature lines of a bundle's checkpoint."""
    return files["checkpoint"].decode().partition("\n\n")[2].splitlines(keepends=True)
