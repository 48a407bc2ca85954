"""Answers of the API: declared once, rendered in the order of the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from rest_framework import serializers

from core.api.fields import NullableTextField, TimestampField
from core.api.pagination import ListPage, make_list_serializer
from core.api.serializers import ObjectSerializer, OutputSerializer
from core.caller_notes import Notes

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Chair:
    id: str = "chr_1"
    created_at: datetime = NOON
    livemode: bool = False
    colour: str = ""


class ChairSerializer(ObjectSerializer[Chair]):
    """A chair."""

    object_name = "chair"
    colour = NullableTextField()
    legs = serializers.IntegerField()
    sold_at = TimestampField(required=False)

    def open_notes(self, row: Chair) -> Notes:
        return Notes(external_id=f"own-{row.id}")

    def compute_fields(self, row: Chair) -> Mapping[str, object]:
        return {**super().compute_fields(row), "legs": 4}


class StoolSerializer(OutputSerializer[Chair]):
    """A stool."""

    def compute_fields(self, row: Chair) -> Mapping[str, object]:
        return {"legs": 3}


ChairList = make_list_serializer(ChairSerializer, "A page of chairs.")


class TestAnAnswer:
    def test_has_its_members_in_the_order_of_the_declaration(self) -> None:
        assert list(ChairSerializer(Chair()).data.items()) == [
            ("id", "chr_1"), ("object", "chair"), ("created_at", "2026-11-20T12:00:00Z"),
            ("livemode", False), ("external_id", "own-chr_1"), ("metadata", {}), ("colour", None),
            ("legs", 4),
        ]  # fmt: skip

    def test_refuses_a_value_that_no_field_declares(self) -> None:
        with pytest.raises(KeyError, match="legs"):
            _ = StoolSerializer(Chair()).data


class TestAList:
    def test_is_named_after_its_objects(self) -> None:
        assert (ChairList.__name__, ChairList.__doc__) == ("ChairList", "A page of chairs.")

    def test_names_its_first_and_its_last(self) -> None:
        page = ChairList(ListPage([Chair("chr_2"), Chair("chr_1")], has_more=True)).data
        assert list(page) == ["object", "data", "has_more", "first_id", "last_id"]
        assert (page["object"], page["has_more"]) == ("list", True)
        assert [one["id"] for one in page["data"]] == ["chr_2", "chr_1"]
        assert (page["first_id"], page["last_id"]) == ("chr_2", "chr_1")

    def test_that_is_empty_has_no_ends(self) -> None:
        page = ChairList(ListPage[Chair]([])).data
        assert (page["data"], page["first_id"], page["last_id"]) == ([], None, None)
