"""One run of the canary against a provider: make, hear, delete, and ask for what is not there.

Only the service's own voices are sent. Nobody's recording can reach this module: it takes none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from core import ids
from core.errors import Invalid, Unavailable
from upstream.upstream_errors import ProviderAccountRefused
from voices.canary import canary_hearing, canary_voices
from voices.canary.canary_findings import (
    CanaryFailed,
    CanaryFinding,
    CanaryOutcome,
    CanaryPlan,
    CanaryUnfinished,
    Pause,
)
from voices.canary.canary_hearing import HeardSentence
from voices.canary.service_voices import PAUSE, STILL_TRAINING, TRIES, ServiceVoices
from voices.models import CanaryState
from voices.providers.base import (
    DeletionUnconfirmed,
    Listing,
    Provider,
    ProviderVoice,
    SpeechLine,
    UnsupportedField,
)
from voices.providers.provider_audio import read_provider_audio

LOST: Final = "canary_voice_lost"
TIMES_NOT_NOW: Final = 2
"""How often an unknown voice must be unavailable while a known one speaks."""


def run_canary(provider: Provider, plan: CanaryPlan, *, pause: Pause) -> CanaryOutcome:
    """Carry a run out. It raises nothing that a provider does. `pause` waits so many seconds."""
    run = _CanaryRun(provider, plan, pause)
    state, code = CanaryState.PASSED, ""
    try:
        run.carry_out()
    except CanaryFailed as failed:
        state, code = CanaryState.FAILED, failed.code
        run.findings.append(failed.finding)
    except CanaryUnfinished as unfinished:
        state, code = CanaryState.UNFINISHED, unfinished.code
    except ProviderAccountRefused as refused:
        state, code = CanaryState.FAILED, refused.stable_code
    except Unavailable as away:
        state, code = CanaryState.UNFINISHED, away.stable_code
    except Invalid:
        state, code = CanaryState.FAILED, "canary_refused"

    if code != STILL_TRAINING:
        run.voices.clean_up(keep_second=plan.keeps_second and state == CanaryState.PASSED)

    return CanaryOutcome(
        state=state,
        code=code,
        findings=tuple(run.findings),
        thresholds=run.thresholds,
        characters=run.characters,
        left=tuple(run.voices.there.values()),
        listed=run.listed,
    )


class _CanaryRun:
    """A run as it goes: its findings, and which of its voices are at the provider."""

    def __init__(self, provider: Provider, plan: CanaryPlan, pause: Pause) -> None:
        self.findings: list[CanaryFinding] = []
        self.thresholds: dict[str, int] = {}
        self.characters = 0
        self.voices = ServiceVoices(provider, plan, pause)
        self.listed: frozenset[str] | None = None
        self._provider, self._plan, self._pause = provider, plan, pause
        self._can = provider.capabilities()

    def carry_out(self) -> None:
        """Do what the plan says.

        Raises CanaryFailed, CanaryUnfinished, and the provider's errors.
        """
        self._list_voices()
        if not self._can.clones:
            self._try_presets()
        elif not self._plan.is_full:
            self._speak_once()
        else:
            self._try_clones()

    def _try_clones(self) -> None:
        handles = {which: self.voices.make_voice(which) for which in canary_voices.BOTH}
        self.voices.wait_for(handles)

        # The first one speaks after the second one was made: it must not have been overwritten.
        heard = self._hear_languages(handles["first"])
        other = self._speak(handles["second"], heard[0].language)
        self.findings.append(canary_hearing.check_voices_differ(heard[0], other))
        self.findings.append(canary_hearing.check_own_voice(heard[0], "first"))
        self.findings.append(canary_hearing.check_own_voice(other, "second"))
        self._check_languages(heard)
        self.thresholds = {one.language: canary_hearing.compute_threshold(one) for one in heard}

        if self._can.lists != "keeps_nothing":
            self._check_deletion(handles["first"], known=handles["second"])

    def _try_presets(self) -> None:
        """Hear the engine's own voices, whose names cannot be deleted."""
        presets = self._plan.presets
        if not presets:
            raise CanaryFailed("canary_refused", CanaryFinding(check="speech", result="failed"))

        first = ProviderVoice(remote_id=presets[0].name)
        heard = self._hear_languages(first, within=presets[0].languages)
        for preset in presets[1:]:
            other = self._speak(ProviderVoice(remote_id=preset.name), heard[0].language)
            self.findings.append(canary_hearing.check_voices_differ(heard[0], other))
        self._check_languages(heard)
        self._check_unknown(ProviderVoice(remote_id=self._plan.unknown_preset), known=first)

    def _speak_once(self) -> None:
        """Speak one sentence with the voice that an earlier run left for it."""
        kept = self.voices.there.get("second")
        if self._can.lists == "keeps_nothing":
            handle = self.voices.make_voice("second")
        elif kept is None or kept.remote_id is None:
            raise CanaryUnfinished(LOST)
        else:
            handle = ProviderVoice(remote_id=kept.remote_id)
            if self.listed is not None and kept.remote_id not in self.listed:
                del self.voices.there["second"]
                raise CanaryUnfinished(LOST)

        heard = self._speak(handle, self._choose_languages()[0])
        self.findings.append(canary_hearing.check_own_voice(heard, "second"))

    def _list_voices(self) -> None:
        if not isinstance(self._provider, Listing) or self._can.lists != "voices":
            self.findings.append(CanaryFinding(check="listing", result="skipped"))
            return

        self.listed = frozenset(one.remote_id for one in self._provider.list_voices())
        self.findings.append(CanaryFinding(check="listing", result="passed"))

    def _choose_languages(self, within: Collection[str] | None = None) -> tuple[str, ...]:
        known: Collection[str] = canary_voices.SENTENCES
        bounds = [one for one in (self._can.languages, within) if one is not None]
        chosen = tuple(one for one in known if all(one in bound for bound in bounds))
        if not chosen:
            raise CanaryFailed("canary_refused", CanaryFinding(check="speech", result="failed"))

        return chosen

    def _hear_languages(
        self, handle: ProviderVoice, *, within: Collection[str] | None = None
    ) -> list[HeardSentence]:
        """Hear a sentence in each language that the voice speaks."""
        heard = []
        for language in self._choose_languages(within):
            try:
                heard.append(self._speak(handle, language))
            except UnsupportedField:
                facts = {"language": language}
                self.findings.append(CanaryFinding(check="language", result="skipped", facts=facts))
        if not heard:
            raise CanaryFailed("canary_refused", CanaryFinding(check="speech", result="failed"))

        return heard

    def _speak(self, handle: ProviderVoice, language: str) -> HeardSentence:
        text = canary_voices.SENTENCES[language]
        made = self._provider.speak(handle, SpeechLine(text=text, language=language))
        self.characters += len(text)
        return canary_hearing.hear_sentence(read_provider_audio(made).sound, language)

    def _check_languages(self, heard: list[HeardSentence]) -> None:
        self.findings += [canary_hearing.check_language(one) for one in heard]

    def _check_deletion(self, first: ProviderVoice, *, known: ProviderVoice) -> None:
        """Delete the first voice, list again, and ask for it. The `known` one stays."""
        gone = True
        try:
            self.voices.delete_voice("first")
        except DeletionUnconfirmed:
            gone = False
            self.findings.append(CanaryFinding(check="deletion", result="skipped"))

        if gone:
            self._list_voices()
            if self.listed is not None and first.remote_id in self.listed:
                finding = CanaryFinding(check="deletion", result="failed")
                raise CanaryFailed("canary_not_deleted", finding)
            self.findings.append(CanaryFinding(check="deletion", result="passed"))
            self._check_unknown(first, known=known)
            return

        # The engine names voices as we do, and this name was never given.
        left = self.voices.there["first"]
        unknown = str(left.remote_id).replace(left.reference, ids.new("vox"))
        self._check_unknown(ProviderVoice(remote_id=unknown), known=known)

    def _check_unknown(self, handle: ProviderVoice, *, known: ProviderVoice) -> None:
        """Ask for a voice that is not there, a few times. It must be an error.

        An answer that says no more than "not now" counts where the `known` voice speaks after it,
        and the other one is refused so again. Else it may be about all voices.
        """
        language = self._choose_languages()[0]
        text = canary_voices.SENTENCES[language]
        not_now = 0
        for _ in range(TRIES):
            try:
                self._provider.speak(handle, SpeechLine(text=text, language=language))
            except Invalid:
                not_now = TIMES_NOT_NOW
            except Unavailable:
                not_now += 1
                self._speak(known, language)
            else:
                not_now = 0
                self.characters += len(text)
                self._pause(PAUSE)
            if not_now >= TIMES_NOT_NOW:
                self.findings.append(CanaryFinding(check="unknown_voice", result="passed"))
                return

        finding = CanaryFinding(check="unknown_voice", result="failed")
        raise CanaryFailed("canary_unknown_voice", finding)
