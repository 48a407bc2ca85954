"""One table says where each column of a clip is shown."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from provenance.clips.clip_fields import (
    CLIP_FIELDS,
    ClipDelivery,
    ClipDraft,
    list_admin_columns,
    list_export_columns,
)
from provenance.models import Clip
from tests.architecture import source

UNSHOWN = {
    "organisation", "livemode", "subject", "sealed_notes", "external_index", "metadata_index",
    "reference_index", "call_hash",
    "aigc_producer", "blob_id", "manifest_offset", "manifest_size", "manifest_blob_id",
    "lease_until",
}  # fmt: skip
"""Columns for our own use: whose the clip is, its notes, where its bytes lie, and who works."""

MOST_FILES_A_COLUMN = 3


def columns() -> set[str]:
    return {column.name for column in Clip._meta.get_fields() if column.concrete}


class TestTheTable:
    def test_names_every_column_of_a_clip_or_says_why_not(self) -> None:
        named = [one.column for one in CLIP_FIELDS]
        assert len(named) == len(set(named))
        assert set(named) | UNSHOWN == columns()
        assert not set(named) & UNSHOWN

    def test_gives_no_two_columns_one_name(self) -> None:
        for where in ("log", "export", "api"):
            names = [name for one in CLIP_FIELDS if (name := getattr(one, where))]
            assert len(names) == len(set(names))

    def test_keeps_hashes_in_all_places(self) -> None:
        for column in ("sha256", "sha256_pcm", "sha256_provider"):
            (one,) = (each for each in CLIP_FIELDS if each.column == column)
            assert (one.log, one.export, one.api) == (column, column, column)
            assert column in list_export_columns()
            assert column in list_admin_columns()


class TestANewColumn:
    @pytest.mark.parametrize(
        "column", ["sha256_provider", "self_checks", "manifest_reason", "manifest_sha256"]
    )
    def test_touches_three_files(self, column: str) -> None:
        # The model, the table, and the place that computes it. The stand-alone verifier reads
        # exported tables and imports nothing of ours.
        naming = {
            source.name(path)
            for path in source.files()
            if re.search(rf"\b{column}\b", path.read_text(encoding="utf-8"))
        }
        product = {name for name in naming if not name.startswith("provenance/verifier/")}
        assert {"provenance/models/clip.py", "provenance/clips/clip_fields.py"} < product
        assert len(product) <= MOST_FILES_A_COLUMN


class TestWhatFillsAClip:
    def test_names_columns_alone(self) -> None:
        filled = {one.name for value in (ClipDraft, ClipDelivery) for one in fields(value)}
        assert filled - {"notes", "organisation_id"} <= columns()
