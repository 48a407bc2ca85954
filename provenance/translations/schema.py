"""What the verify page and `POST /v1/verify` say, as types: a language that forgets a sentence does
not compile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one verdict means to a reader: a sign, a headline, what it proves and what it does
    not.
    """

    sign: str
    tone: str
    title: str
    lead: str
    proves: tuple[str, ...]
    proves_not: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPageText:
    """Everything that is said of a file. `{limit}` in a sentence is the size limit in MB.

    `unreadable` is by the reason why a file could not be listened to (`audio.formats.REASONS`),
    `evidence` by the key of a layer's evidence, `caveats` by verdict. `picture_says` is filled with
    `{share}` in percent, `{length}` and `{clips}`, which are sentences and parts of this book, too.
    """

    title: str
    lead: str
    choose: str
    hint: str
    ask: str
    ask_another: str
    promise_title: str
    promises: tuple[str, ...]
    answers_title: str
    fault_title: str
    no_file: str
    empty_file: str
    too_large: str
    unavailable: str
    too_many: str
    clip_title: str
    clips_title: str
    clip: str
    issued_at: str
    issued_by: str
    consent: str
    erased: str
    test_data: str
    evidence_title: str
    proves_title: str
    proves_not_title: str
    findings: Mapping[str, Finding]
    unreadable: Mapping[str, str]
    layers: Mapping[str, str]
    evidence: Mapping[str, str]
    caveats: Mapping[str, str]
    layer_proves: Mapping[str, str]
    other_language: str
    drop: str
    sending: str
    checking: str
    not_sent: str
    supports_title: str
    supports: tuple[str, ...]
    layers_title: str
    picture_title: str
    picture_says: str
    seconds_long: str
    minutes_long: str
    decimal_point: str
    one_clip: str
    many_clips: str
    picture_hint: str
    picture_clip: str
    picture_erased: str
    kept_title: str
    kept_hint: str
    kept_file: str
    kept_sha256: str
    kept_at: str
    kept_where: str
    opinion_title: str
    opinion_lead: str
    opinions: Mapping[str, str]
    opinion_words: str
    opinion_hint: str
    opinion_send: str
    opinion_thanks: str
    opinion_kept: str
    opinion_missing: str
    opinion_long: str
    opinion_link: str
    back: str
    offline_title: str
    offline: str
    offline_keys: str
    offline_link: str
    consent_states: Mapping[str, str]
