"""A clone in TensorOne's shape as our own: which consent, which recordings, which options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rest_framework.request import Request

from accounts.authentication import Caller
from core.canonical_json import Json
from proxies import proxy_terms, proxy_voices
from proxies.proxy_speech import IGNORED
from proxies.tensorone.tensorone_view import NAME
from voices import clone_preview, url_samples
from voices.providers.option_names import (
    EMOTIONAL_OPTION,
    MULTILINGUAL_OPTION,
    SAMPLES_OPTION,
    TRAINING_OPTION,
    VOICE_TYPE_OPTION,
)
from voices.synthesis_requests import CloneRequest

_NAMES: Final = (VOICE_TYPE_OPTION, TRAINING_OPTION, MULTILINGUAL_OPTION, EMOTIONAL_OPTION)
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OF_A_SAMPLE: Final = ("language", "emotion")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorOneOrder:
    """A clone with its recordings, and the names of options that were left out."""

    request: CloneRequest
    ignored: tuple[str, ...]

    def list_headers(self) -> dict[str, str]:
        """Return the headers that say what was left out."""
        return {IGNORED: ", ".join(self.ignored)} if self.ignored else {}


def spell_samples(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a clone with an object for each recording that is a text: its address, or
    its bytes in base64.
    """
    samples = body.get("audioSamples")
    if not isinstance(samples, list):
        return dict(body)

    return {**body, "audioSamples": [_spell_sample(one) for one in samples]}


def _spell_sample(sample: Any) -> Any:
    if not isinstance(sample, str):
        return sample

    return {"audioUrl" if _ADDRESS.match(sample) else "audioBase64": sample}


def read_clone_order(request: Request, form: dict[str, Any], caller: Caller) -> TensorOneOrder:
    """Return the order of a call. Nothing is fetched before the gate has said that it may be.

    Raises ConsentDenied, SampleUnreachable, Invalid.
    """
    samples = form["audioSamples"]
    asked = _read_without_recordings(request, form, caller)
    languages = [sample["language"] for sample in samples if "language" in sample]
    clone_preview.ask_before_clone(asked, languages, principal=caller.principal, at=caller.now())

    recordings = _gather_recordings(samples, caller)
    options = _read_options(form)
    in_sandbox = asked.provider == proxy_voices.LOCAL
    return TensorOneOrder(
        request=replace(asked, samples=recordings, options={} if in_sandbox else options),
        ignored=_list_names(options) if in_sandbox else (),
    )


def _read_without_recordings(
    request: Request, form: dict[str, Any], caller: Caller
) -> CloneRequest:
    name = form["voiceName"]
    terms = proxy_terms.read_terms(request, caller, language=form.get("language"))
    return CloneRequest(
        consent_id=proxy_terms.read_consent_id(request, (name,)),
        name=proxy_terms.remove_consent_token(name),
        language=terms.language,
        use_case=terms.use_case,
        provider=proxy_voices.choose_provider(NAME, caller),
        channel=terms.channel,
        territory=terms.territory,
        samples=(),
        transcripts=tuple(sample.get("transcript") for sample in form["audioSamples"]),
    )


def _gather_recordings(samples: list[dict[str, Any]], caller: Caller) -> tuple[bytes, ...]:
    """Return the bytes of all recordings, those that are named by an address fetched."""
    named = {
        f"audioSamples.{number}.audioUrl": sample["audioUrl"]
        for number, sample in enumerate(samples)
        if "audioUrl" in sample
    }
    inline = sum(len(sample.get("audioBase64", b"")) for sample in samples)
    fetched = url_samples.fetch_url_samples(
        named, organisation_id=caller.organisation_id, inline_bytes=inline
    )
    return tuple(
        sample["audioBase64"]
        if "audioBase64" in sample
        else fetched[f"audioSamples.{number}.audioUrl"]
        for number, sample in enumerate(samples)
    )


def _read_options(form: dict[str, Any]) -> dict[str, Json]:
    """Return the provider's own options. Those of the recordings stand in their order."""
    options: dict[str, Json] = {name: form[name] for name in _NAMES if name in form}
    said: list[Json] = [
        {name: sample[name] for name in _OF_A_SAMPLE if name in sample}
        for sample in form["audioSamples"]
    ]
    return options | ({SAMPLES_OPTION: said} if any(said) else {})


def _list_names(options: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the names of options as a caller wrote them."""
    names = set(options) - {TRAINING_OPTION, SAMPLES_OPTION}
    for held in (options.get(TRAINING_OPTION), *_as_list(options.get(SAMPLES_OPTION))):
        names |= set(held) if isinstance(held, dict) else set()
    return tuple(sorted(names))


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
