"""The policy names the schemes that mark clips, without loading them."""

from __future__ import annotations

import pytest

import watermark
from core.canonical_json import Json
from provenance.clips import audiowmark_layer, watermark_policy


def test_names_are_those_of_the_schemes() -> None:
    named = (watermark_policy.OUR_SCHEME, watermark_policy.SECOND_SCHEME)

    assert named == (watermark.SCHEME, audiowmark_layer.SCHEME)


@pytest.mark.parametrize("value", [["audiowmark"], "sayso-speech/1", ["sayso-speech/1", "other"]])
def test_without_our_own_scheme_or_with_a_stranger_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match="must"):
        watermark_policy.check_watermark_policy(value)
