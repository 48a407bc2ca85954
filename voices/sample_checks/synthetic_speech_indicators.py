"""Indicators of synthetic speech.

They are likeness to known synthesisers, smoothness, digital silence, and the file's own statements.
They stop careless uploads of synthetic speech and of our own output. None stops a modern neural
clone, and their absence proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.sound import Sound
from provenance.c2pa.manifest_reader import Credentials, ManifestState
from provenance.clips import aigc_label
from voices.sample_checks import recording_quality

# People reach 0.72 (espeak) and 0.74 (Flite), synthesisers 0.93 and 0.97, our adapted engine 0.72
# to 0.80.
ESPEAK_IS: Final = 0.80
FLITE_IS: Final = 0.85
ESPEAK_LIKE: Final = 0.74
SMOOTH_BELOW: Final = 3.2
SILENCE_FROM_DB: Final = 90.0
# IPTC digital source types (cv.iptc.org/newscodes/digitalsourcetype) of media made by models, which
# C2PA and XMP use.
_SYNTHETIC_TYPES: Final = (b"trainedAlgorithmicMedia", b"compositeWithTrainedAlgorithmicMedia")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSpeechIndicators:
    """What was found in one recording.

    It is likeness to the banks, pitch roughness, dynamic range, and marks in the file.
    """

    espeak: float
    flite: float
    roughness: float | None
    dynamic_range_db: float
    c2pa: bool
    says_synthetic: bool
    label_doubts: bool = False

    @property
    def hints(self) -> tuple[str, ...]:
        """Return the weak signs. One alone also occurs with people."""
        signs = (
            ("like_a_synthesiser", self.espeak >= ESPEAK_LIKE),
            ("smooth_pitch", self.roughness is not None and self.roughness < SMOOTH_BELOW),
            # Noise gates and editors leave it between the words of people as well.
            ("digital_silence", self.dynamic_range_db > SILENCE_FROM_DB),
            ("has_manifest", self.c2pa),
        )
        return tuple(name for name, there in signs if there)

    @property
    def synthetic(self) -> bool:
        """Check for a strong sign, or for both weak ones of the voice itself."""
        return (
            self.says_synthetic
            or self.espeak >= ESPEAK_IS
            or self.flite >= FLITE_IS
            or {"like_a_synthesiser", "smooth_pitch"} <= set(self.hints)
        )

    @property
    def doubtful(self) -> bool:
        """Check for what a person should review: two weak signs, or a label that is unsure."""
        return len(self.hints) > 1 or self.label_doubts


def find_indicators(
    clean: Sound,
    sound: Sound,
    *,
    embedding: NDArray[np.float32],
    raw: bytes,
    credentials: Credentials,
) -> SyntheticSpeechIndicators:
    """Examine one recording.

    `clean` is the sound without digital silence and offset, `embedding` is that of its speech,
    `raw` the uploaded file (or nothing), and `credentials` what the reader of manifests found in
    the file.
    """
    names, bank = _load_bank()
    label = aigc_label.read_label_attribute(raw)
    likeness = bank @ embedding

    # The signer does not matter: a false statement that a real recording is synthetic gains
    # nothing.
    says_synthetic = (
        credentials.synthetic
        or any(kind in raw for kind in _SYNTHETIC_TYPES)
        or aigc_label.is_synthetic_attribute(label)
    )

    return SyntheticSpeechIndicators(
        espeak=float(likeness[names == "espeak"].max()),
        flite=float(likeness[names == "flite"].max()),
        roughness=recording_quality.measure_pitch_roughness(clean),
        dynamic_range_db=recording_quality.measure_dynamic_range(sound),
        c2pa=credentials.state is not ManifestState.ABSENT or (b"jumb" in raw and b"c2pa" in raw),
        says_synthetic=says_synthetic,
        label_doubts=label is not None and not aigc_label.is_synthetic_attribute(label),
    )


@lru_cache(maxsize=1)
def _load_bank() -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    path = Path(__file__).with_name("weights") / "synthesiser_bank_f16.npz"
    with np.load(path, allow_pickle=False) as stored:
        names = np.array([str(name).partition(":")[0] for name in stored["names"]])
        return names, stored["embeddings"].astype(np.float32)
