"""The table of the SDKs says what the programs drive, and no more."""

from __future__ import annotations

import pytest

from tests.support import sdk_matrix, sdk_routes
from tests.support.python_routes import Route
from tests.support.sdk_matrix import COLUMNS, ROWS, SdkRow
from tests.support.sdk_routes import SOURCES

NAMED = {
    "fish-audio-sdk", "elevenlabs", "cartesia", "openai", "resemble", "inworld-tts",
    "@elevenlabs/elevenlabs-js", "@cartesia/cartesia-js", "fish-audio", "@resemble/node",
    "@inworld/tts",
}  # fmt: skip


class TestTheTable:
    def test_is_in_the_page_as_it_is_today(self) -> None:
        page = sdk_matrix.PAGE.read_text()
        assert sdk_matrix.replace_matrix(page) == page

    def test_has_a_row_for_each_sdk(self) -> None:
        assert {row.package for row in ROWS} == NAMED
        assert {row.package for row in ROWS if row.is_javascript} >= {"openai", "@inworld/tts"}

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.program + row.module)
    def test_calls_driven_what_the_program_notes(self, row: SdkRow) -> None:
        left_out = set(row.absent) | set(row.broken)
        noted = {column for column in COLUMNS if sdk_matrix.is_noted(row, column)}
        assert noted | left_out == set(COLUMNS)

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.program + row.module)
    def test_names_the_class_that_the_test_of_the_sdk_asserts(self, row: SdkRow) -> None:
        text = (sdk_matrix.TESTS / f"test_{row.provider}.py").read_text()
        if row.refusal != "success: false":
            assert f'"{row.refusal}"' in text
        else:
            assert 'refused["success"] is False' in text

    @pytest.mark.parametrize(
        "row", [row for row in ROWS if row.absent], ids=lambda row: row.program
    )
    def test_says_not_in_this_sdk_of_a_route_that_no_file_of_it_names(self, row: SdkRow) -> None:
        source = SOURCES[row.provider]
        if not sdk_routes.find_packages(source) or not sdk_routes.find_javascript(source):
            pytest.skip("needs the SDKs: make sdks")
        known: set[Route] = set()
        for folder in sdk_routes.find_packages(source):
            known |= sdk_routes.find_routes(source, folder)
        named = sdk_routes.find_javascript(source)

        assert ("POST", "audio/speech") in known
        assert "audio/speech" in named
        for method, path in row.absent.values():
            assert (path not in named) if row.is_javascript else ((method, path) not in known)
