"""The whole path with nothing replaced: real recordings, the real engine, the real mark, read back
after MP3.
"""

from __future__ import annotations

import pytest

from audio.decoding import decode_untrusted
from audio.encoding import Output, encode_sound
from tests.contract.conftest import Sender, problem
from tests.contract.test_bad_uploads import GOOD, file, form, send
from tests.fixtures.organisations import MakeKey
from tests.support.api_calls import signed
from tests.voices.conftest import AUDIOBOOK, SENTENCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(make_key: MakeKey, clock_at_noon: None) -> Sender:
    """A test key with defaults, and the built-in engine."""
    return Sender(make_key(default_use_case=AUDIOBOOK, default_language="en").secret)


class TestTheWholePath:
    def test_from_consent_to_revocation(self, product: Sender) -> None:
        consent = signed(product)["id"]
        samples = [{"audio_base64": sample} for sample in GOOD]
        voice = product.post(
            "/v1/voices", {"consent": consent, "name": "Mara", "samples": samples}
        ).json()
        assert voice["state"] == "ready"
        spoken = product.post("/v1/speech", {"voice": voice["id"], "text": SENTENCE})
        assert spoken.status_code == 200, spoken.content
        mp3 = encode_sound(
            decode_untrusted(spoken.content).sound,
            Output(codec="mp3", sample_rate_hz=24_000, bit_rate_bps=64_000),
        )
        found = send(Sender(None), "/v1/verify", form(file("file", mp3))).json()
        assert (found["verdict"], found["clip"]["id"]) == ("issued_altered", spoken["Sayso-Clip"])
        assert ("watermark", "match") in {
            (said["layer"], said["result"]) for said in found["evidence"]
        }
        product.post(f"/v1/consents/{consent}/revoke", {"reason": "requested_by_person"})
        late = product.post("/v1/speech", {"voice": voice["id"], "text": SENTENCE})
        assert "consent_revoked" in {
            one["code"] for one in problem(late, 403, "consent_denied")["reasons"]
        }
