"""China's hidden label in a stream: among its first bytes, and in the head of what can carry
nothing.
"""

from __future__ import annotations

import pytest

import watermark
from audio import metadata_tags
from audio.sound import Sound
from audio.stream_encoder import STREAMED
from provenance.clips import aigc_label
from provenance.verification import verify
from tests.support.wire_client import Wire
from tests.voices.streaming.conftest import Teller, asked, settled
from voices.models import Voice

pytestmark = pytest.mark.django_db(transaction=True)


class TestAStreamForChina:
    @pytest.mark.parametrize("codec", STREAMED)
    def test_begins_with_the_label(
        self, wire: Wire, voice: Voice, teller: Teller, codec: str
    ) -> None:
        call = wire.speak(asked(voice, territory="CN", output={"codec": codec}))
        data = call.rest()

        clip = settled(call.headers["sayso-clip"])
        assert (call.whole, clip.state, clip.scheme) == (True, "issued", watermark.SCHEME)
        assert (aigc_label.read_label_attribute(data[:2000]) == "1") is (
            codec in metadata_tags.TAGGED
        )
        assert call.headers["sayso-aigc-label"] == aigc_label.get_label_json(clip)
        assert verify(data).outcome == "issued"

    @pytest.mark.parametrize("codec", ["mp3", "opus"])
    def test_that_is_too_short_to_be_one_has_it_too(
        self, wire: Wire, voice: Voice, teller: Teller, codec: str
    ) -> None:
        whole = teller.piece(0)
        teller.pieces, teller.sounds = 1, [Sound(whole.samples[: 2 * whole.rate], whole.rate)]

        data = wire.speak(
            asked(voice, territory="CN", output={"codec": codec}, text="Yes, it is.")
        ).rest()

        assert aigc_label.read_label_attribute(data) == "1"
