"""Preset voices of engines that somebody has reviewed, and the check of a name against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPreset:
    """A voice that an engine brings along and that is nobody's clone, as far as a document says.

    `languages` are the primary tags of those that it was made for. `licence` is an SPDX id, and
    `source` where it is stated.
    """

    name: str
    languages: frozenset[str]
    licence: str
    source: str


def find_preset(presets: Sequence[ReviewedPreset], name: str) -> ReviewedPreset | None:
    """Return the reviewed voice of exactly this name. A mix of two or a path is none."""
    return next((one for one in presets if one.name == name), None)


def list_presets(
    languages: str, *names: str, licence: str, source: str
) -> tuple[ReviewedPreset, ...]:
    """Return several voices of one licence. `languages` are tags with blanks between them."""
    tags = frozenset(languages.split())
    return tuple(
        ReviewedPreset(name=name, languages=tags, licence=licence, source=source) for name in names
    )
