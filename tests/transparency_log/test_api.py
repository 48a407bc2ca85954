"""The public face: an outsider rebuilds the tree from what is served, and nothing else is
served.
"""

from __future__ import annotations

import struct
from datetime import timedelta

import pytest
from django.test import Client

from core import ids
from tests.conftest import NOON
from tests.support import databases, reference_tree
from tests.transparency_log.conftest import Append
from transparency_log import public_log, sequencer
from vault import signing_keys

pytestmark = [pytest.mark.django_db, pytest.mark.once(databases.POSTGRESQL)]


@pytest.fixture
def prefix(organisation_id: str, append: Append) -> str:
    append(259)
    sequencer.settle_log(organisation_id, at=NOON)
    return f"/log/{organisation_id}"


HOUR = timedelta(hours=1)
ROUTES = (
    "checkpoint",
    "checkpoint/259",
    "checkpoint/259/signed",
    "key",
    "keys",
    "tile/0/000",
    "tile/entries/000",
)


def entries_of(bundle: bytes) -> list[bytes]:
    found = []
    while bundle:
        (length,) = struct.unpack(">H", bundle[:2])
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found


class TestLog:
    def test_lets_anyone_recompute_the_signed_root(self, client: Client, prefix: str) -> None:
        vkey = client.get(f"{prefix}/key").content.decode()
        root, size = reference_tree.check_note(
            client.get(f"{prefix}/checkpoint").content.decode(), vkey
        )
        bundles = [
            client.get(f"{prefix}/tile/entries/{path}").content for path in ("000", "001.p/3")
        ]
        leaves = [
            reference_tree.sha(b"\x00", entry) for bundle in bundles for entry in entries_of(bundle)
        ]

        assert (size, root) == (259, reference_tree.mth(leaves))
        for level, path, n in ((0, "000", 0), (0, "001.p/3", 1), (1, "000.p/1", 0)):
            assert client.get(f"{prefix}/tile/{level}/{path}").content == reference_tree.tile(
                level, n, leaves
            )

    @pytest.mark.parametrize(
        ("path", "media_type", "caching"),
        [
            ("checkpoint", "text/plain; charset=utf-8", "public, max-age=1"),
            ("key", "text/plain; charset=utf-8", "public, max-age=1"),
            ("keys", "application/json", "public, max-age=60"),
            ("stamps", "application/json", "public, max-age=60"),
            ("checkpoint/259", "text/plain; charset=utf-8", "public, max-age=60"),
            (
                "checkpoint/259/signed",
                "text/plain; charset=utf-8",
                "public, max-age=31536000, immutable",
            ),
            ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
            (
                "tile/entries/001.p/2",
                "application/octet-stream",
                "public, max-age=31536000, immutable",
            ),
        ],
    )
    def test_tells_caches_the_truth(
        self, client: Client, prefix: str, path: str, media_type: str, caching: str
    ) -> None:
        answer = client.get(f"{prefix}/{path}")

        assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
            200,
            media_type,
            caching,
        )

    def test_serves_the_partial_tiles_of_older_checkpoints(
        self, client: Client, prefix: str
    ) -> None:
        whole = client.get(f"{prefix}/tile/0/000").content

        assert client.get(f"{prefix}/tile/0/000.p/7").content == whole[: 7 * 32]
        assert len(entries_of(client.get(f"{prefix}/tile/entries/000.p/7").content)) == 7

    @pytest.mark.parametrize(
        "path",
        [
            "tile/0/001",
            "tile/0/001.p/4",
            "tile/0/002.p/1",
            "tile/1/000",
            "tile/1/000.p/2",
            "tile/2/000.p/1",
            "tile/64/000",
            "tile/00/000",
            "tile/0/0",
            "tile/0/x000/000",
            "tile/-1/000",
            "tile/entries/001",
            "tile/entries/001.p/4",
            "tile/entries/x/000",
            "tile/0/000.p/256",
            "tile/63/x999/x999/999",
        ],
    )
    def test_serves_nothing_that_no_checkpoint_needs(
        self, client: Client, prefix: str, path: str
    ) -> None:
        assert client.get(f"{prefix}/{path}").status_code == 404

    def test_does_not_serve_what_is_not_published_yet(
        self, client: Client, prefix: str, organisation_id: str, append: Append
    ) -> None:
        append(1)
        sequencer.place_waiting_events(organisation_id)

        assert client.get(f"{prefix}/tile/0/001.p/3").status_code == 200
        early = client.get(f"{prefix}/tile/0/001.p/4")
        # No one between us may remember that it was not there: in a moment it is.
        assert (early.status_code, early["Cache-Control"]) == (404, "no-store")
        assert public_log.get_checkpoint_note(organisation_id).split("\n")[1] == "259"

    @pytest.mark.parametrize("path", ROUTES)
    def test_of_a_stranger_is_not_found(self, client: Client, path: str) -> None:
        assert client.get(f"/log/{ids.new('org')}/{path}").status_code == 404
        assert client.get(f"/log/%00/{path}").status_code == 404

    @pytest.mark.parametrize("path", ROUTES)
    def test_is_only_read(self, client: Client, prefix: str, path: str) -> None:
        # As a stranger's program comes: without the cookie that Django asks forms for.
        posted = Client(enforce_csrf_checks=True).post(f"{prefix}/{path}")
        assert (posted.status_code, posted["Content-Type"]) == (405, "application/problem+json")
        assert client.head(f"{prefix}/{path}").status_code == 200

    @pytest.mark.parametrize("path", ROUTES)
    def test_is_not_sent_again_to_who_has_it(self, client: Client, prefix: str, path: str) -> None:
        first = client.get(f"{prefix}/{path}")
        again = client.get(f"{prefix}/{path}", headers={"If-None-Match": first["ETag"]})
        other = client.get(f"{prefix}/{path}", headers={"If-None-Match": '"another"'})

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert again["Cache-Control"] == first["Cache-Control"]
        assert (other.status_code, other.content) == (200, first.content)

    @pytest.mark.parametrize("path", ROUTES)
    def test_may_be_read_by_pages_of_anyone(self, client: Client, prefix: str, path: str) -> None:
        answer, preflight = client.get(f"{prefix}/{path}"), client.options(f"{prefix}/{path}")

        assert (
            answer["Access-Control-Allow-Origin"] == preflight["Access-Control-Allow-Origin"] == "*"
        )
        assert (preflight.status_code, preflight["Access-Control-Allow-Methods"]) == (
            204,
            "GET, HEAD",
        )
        assert (answer.cookies, answer.get("Vary")) == ({}, None)

    @pytest.mark.parametrize(
        "path",
        [
            "checkpoint/258",
            "checkpoint/0",
            f"checkpoint/{10**30}",
            "stamps/259",
            f"stamps/{10**30}",
            "witnessed",
            "checkpoint/258/signed",
        ],
    )
    def test_of_what_was_never_published_is_not_found(
        self, client: Client, prefix: str, path: str
    ) -> None:
        assert client.get(f"{prefix}/{path}").status_code == 404


class TestKeys:
    def test_say_which_key_signs_when(
        self, client: Client, prefix: str, organisation_id: str
    ) -> None:
        signing_keys.rotate_signing_key(
            "log", organisation_id=organisation_id, at=NOON + HOUR, overlap=timedelta(days=3)
        )

        new, old = client.get(f"{prefix}/keys").json()["data"]
        assert (old["valid_until"], new["valid_from"], new["valid_until"]) == (
            "2026-11-24T13:00:00Z", "2026-11-21T13:00:00Z", None,
        )  # fmt: skip
        assert [new["vkey"], old["vkey"]] == client.get(
            f"{prefix}/key"
        ).content.decode().splitlines()

    def test_verify_the_checkpoints_of_their_time(
        self, client: Client, prefix: str, organisation_id: str, append: Append
    ) -> None:
        signing_keys.rotate_signing_key(
            "log", organisation_id=organisation_id, at=NOON + HOUR, overlap=timedelta(days=3)
        )
        append(1)
        sequencer.settle_log(organisation_id, at=NOON + timedelta(days=1))
        append(1)
        sequencer.settle_log(organisation_id, at=NOON + timedelta(days=4))
        new, old = (key["vkey"] for key in client.get(f"{prefix}/keys").json()["data"])

        def signs(key: str, size: int) -> bool:
            note = client.get(f"{prefix}/checkpoint/{size}").content.decode()
            return not reference_tree.refuses(lambda: reference_tree.check_note(note, key))

        assert [[signs(key, size) for size in (259, 260, 261)] for key in (old, new)] == [
            [True, True, False], [False, True, True],
        ]  # fmt: skip
