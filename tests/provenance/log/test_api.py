"""The public face: an outsider rebuilds the tree from what is served, and nothing else is served."""

from __future__ import annotations

import struct

import pytest
from django.test import Client

from core import ids
from provenance.ledger import published, sequencer
from tests.conftest import NOON
from tests.provenance.log import reference
from tests.provenance.log.conftest import Append

pytestmark = pytest.mark.django_db


@pytest.fixture
def prefix(organisation_id: str, append: Append) -> str:
    append(259)
    sequencer.settle(organisation_id, at=NOON)
    return f"/log/{organisation_id}"


def entries_of(bundle: bytes) -> list[bytes]:
    found = []
    while bundle:
        (length,) = struct.unpack(">H", bundle[:2])
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found


class TestLog:
    def test_lets_anybody_recompute_the_signed_root(self, client: Client, prefix: str) -> None:
        vkey = client.get(f"{prefix}/key").content.decode()
        root, size = reference.check_note(client.get(f"{prefix}/checkpoint").content.decode(), vkey)
        bundles = [client.get(f"{prefix}/tile/entries/{path}").content for path in ("000", "001.p/3")]
        leaves = [reference.sha(b"\x00", entry) for bundle in bundles for entry in entries_of(bundle)]

        assert (size, root) == (259, reference.mth(leaves))
        for level, path, n in ((0, "000", 0), (0, "001.p/3", 1), (1, "000.p/1", 0)):
            assert client.get(f"{prefix}/tile/{level}/{path}").content == reference.tile(level, n, leaves)

    @pytest.mark.parametrize(
        ("path", "media_type", "caching"),
        [
            ("checkpoint", "text/plain; charset=utf-8", "public, max-age=1"),
            ("key", "text/plain; charset=utf-8", "public, max-age=1"),
            ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
            ("tile/entries/001.p/2", "application/octet-stream", "public, max-age=31536000, immutable"),
        ],
    )
    def test_tells_caches_the_truth(
        self, client: Client, prefix: str, path: str, media_type: str, caching: str
    ) -> None:
        answer = client.get(f"{prefix}/{path}")

        assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, media_type, caching)

    def test_serves_the_partial_tiles_of_older_checkpoints(self, client: Client, prefix: str) -> None:
        whole = client.get(f"{prefix}/tile/0/000").content

        assert client.get(f"{prefix}/tile/0/000.p/7").content == whole[: 7 * 32]
        assert len(entries_of(client.get(f"{prefix}/tile/entries/000.p/7").content)) == 7

    @pytest.mark.parametrize(
        "path",
        ["tile/0/001", "tile/0/001.p/4", "tile/0/002.p/1", "tile/1/000", "tile/1/000.p/2", "tile/2/000.p/1",
         "tile/64/000", "tile/00/000", "tile/0/0", "tile/0/x000/000", "tile/-1/000", "tile/entries/001",
         "tile/entries/001.p/4", "tile/entries/x/000", "tile/0/000.p/256", "tile/63/x999/x999/999"],
    )  # fmt: skip
    def test_serves_nothing_that_no_checkpoint_needs(self, client: Client, prefix: str, path: str) -> None:
        assert client.get(f"{prefix}/{path}").status_code == 404

    def test_does_not_serve_what_is_not_published_yet(
        self, client: Client, prefix: str, organisation_id: str, append: Append
    ) -> None:
        append(1)
        sequencer.place(organisation_id)

        assert client.get(f"{prefix}/tile/0/001.p/3").status_code == 200
        assert client.get(f"{prefix}/tile/0/001.p/4").status_code == 404
        assert published.checkpoint(organisation_id).split("\n")[1] == "259"

    @pytest.mark.parametrize("path", ["checkpoint", "key", "tile/0/000", "tile/entries/000"])
    def test_of_a_stranger_is_not_found(self, client: Client, path: str) -> None:
        assert client.get(f"/log/{ids.new('org')}/{path}").status_code == 404
        assert client.get(f"/log/%00/{path}").status_code == 404

    @pytest.mark.parametrize("path", ["checkpoint", "key", "tile/0/000", "tile/entries/000"])
    def test_is_only_read(self, client: Client, prefix: str, path: str) -> None:
        assert client.post(f"{prefix}/{path}").status_code == 405
        assert client.head(f"{prefix}/{path}").status_code == 200
