"""The limits of the speaker check, by account and language.

They come from the canary of the account, which measures how alike a provider's copies of two known
voices are. Where no canary has measured any, a table counts that was set on recordings.

`bench/speaker_band.py` measured the table (docs/numbers.md): one person's recordings in one
language stay over 0.78 from 3 s of speech on, in another language over 0.71. Other people reach
0.81 where sex and microphone are alike, and half of them stay below 0.60. A copy is less like the
person than a recording. So the table refuses what is plainly someone else, and no more.
"""

from __future__ import annotations

from typing import Final

from voices import canary_results
from voices.models import Voice
from voices.providers import account_access
from voices.sample_checks.answer_speaker import SpeakerLimits

OWN_LANGUAGE: Final = SpeakerLimits(different=0.62, same=0.75, short_discount=0.05)
"""Where the text is in the language of the voice's samples."""
OTHER_LANGUAGE: Final = SpeakerLimits(different=0.58, same=0.70, short_discount=0.05)
LOWEST: Final = 0.45
HIGHEST: Final = 0.80
"""Between these a measured threshold is believed. Recordings of one person reach down to 0.78."""


def find_speaker_limits(voice: Voice, language: str) -> SpeakerLimits:
    """Return the limits for a voice of its provider, speaking `language`."""
    table = _choose_table(voice.language, language)
    account = account_access.find_account(voice.provider, voice)
    if account is None:
        return table

    measured = canary_results.get_speaker_threshold(account.id, language)
    if measured is None:
        return table

    different = min(max(measured, LOWEST), HIGHEST)
    return SpeakerLimits(
        different=different,
        same=max(table.same, different),
        short_discount=table.short_discount,
    )


def _choose_table(spoken: str, asked: str) -> SpeakerLimits:
    same = spoken.partition("-")[0].lower() == asked.partition("-")[0].lower()
    return OWN_LANGUAGE if same else OTHER_LANGUAGE
