"""The voices that an engine lists, as far as they could be ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core import ids
from voices.providers.answer_reading import find_rows, parse_any_answer
from voices.providers.base import RemoteVoice
from voices.providers.declared.declarations import (
    EngineDeclaration,
    EngineListing,
    VoiceUpload,
)
from voices.providers.provider_connection import ProviderConnection


class EngineVoices:
    """Reads the list of one engine. One that lists none has none."""

    def __init__(self, declaration: EngineDeclaration, connection: ProviderConnection) -> None:
        self._declaration = declaration
        self._connection = connection

    def walk(self) -> Iterator[RemoteVoice]:
        """Yield the voices whose names could be ours."""
        listing = self._declaration.listing
        if listing is None:
            return

        answer = self._connection.call("GET", *listing.path)
        for row in find_rows(parse_any_answer(answer.body), *listing.rows):
            if (found := self._read_row(listing, row)) is not None:
                yield found

    def is_listed(self, name: str) -> bool:
        """Return whether a voice of this name is there."""
        return any(one.remote_id == name for one in self.walk())

    def find_ours(self, reference: str) -> str | None:
        """Return the engine's name of our voice, None where it is not there."""
        return next((one.remote_id for one in self.walk() if one.reference == reference), None)

    def _read_row(self, listing: EngineListing, row: Any) -> RemoteVoice | None:
        """Return a row of a list, None for what is no voice that could be ours."""
        name = row.get(listing.id_name) if isinstance(row, dict) and listing.id_name else row
        if not isinstance(name, str) or not self._declaration.voice_pattern.fullmatch(name):
            return None

        adding = self._declaration.adding
        suffix = adding.suffix if isinstance(adding, VoiceUpload) else ""
        reference = name.removesuffix(suffix)
        if listing.reference_name:
            reference = str(row.get(listing.reference_name) or "")
        return RemoteVoice(
            remote_id=name, reference=reference if ids.is_id(reference, "vox") else None
        )
