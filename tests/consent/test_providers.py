"""The list of providers: its facts, its spellings, and how a signed record is read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.policy import providers, territories
from consent.policy.types import AccessRequest
from core import durations
from core.errors import Invalid

pytestmark = pytest.mark.once

CODES = sorted(providers.PROVIDERS)
SELF_HOSTED = {
    "vllm_omni", "kokoro_fastapi", "chatterbox_tts_api", "chatterbox_tts_server", "fish_speech",
    "localai", "xtts_api_server", "cosyvoice",
}  # fmt: skip
COMPANIES = {
    "inworld",
    "fish",
    "tensorone",
    "elevenlabs",
    "cartesia",
    "openai",
    "resemble",
    "voxtral",
}


class TestTheList:
    def test_has_every_provider_of_the_contract_and_no_other(self) -> None:
        assert set(CODES) == {"local", "generic"} | SELF_HOSTED | COMPANIES
        assert next(iter(providers.PROVIDERS)) == providers.LOCAL

    @pytest.mark.parametrize("code", CODES)
    def test_states_a_fact_in_known_words_or_not_at_all(self, code: str) -> None:
        facts = providers.PROVIDERS[code]
        assert re.fullmatch(r"[a-z][a-z0-9_]{1,31}", facts.code)
        assert facts.name
        assert facts.runs in providers.RUNS
        assert facts.country is None or facts.country in territories.COUNTRIES
        for kept in facts.keeps or ():
            assert kept.what in providers.KEPT
            if kept.lasts not in {None, providers.UNTIL_CONSENT_ENDS}:
                assert durations.parse_duration(kept.lasts or "").days > 0
        assert facts.terms is None or facts.terms.startswith("https://")
        if facts.terms_read is not None:
            assert facts.terms is not None
            assert date.fromisoformat(facts.terms_read).year > 2000

    def test_says_on_whose_servers_each_runs(self) -> None:
        runs = {code: facts.runs for code, facts in providers.PROVIDERS.items()}
        assert {code for code in CODES if runs[code] == "organisation"} == SELF_HOSTED
        assert {code for code in CODES if runs[code] == "company"} == COMPANIES
        assert (runs["local"], runs["generic"]) == ("service", "unknown")

    def test_gives_terms_of_companies_alone(self) -> None:
        with_terms = {code for code, facts in providers.PROVIDERS.items() if facts.terms}
        # Nobody has read where Mistral's are.
        assert with_terms == COMPANIES - {"voxtral"}

    @given(st.sampled_from(CODES))
    def test_survives_the_record(self, code: str) -> None:
        facts = providers.PROVIDERS[code]
        assert providers.provider_from_json(providers.provider_to_json(facts)) == facts


class TestAWord:
    @given(st.sampled_from(CODES))
    def test_is_its_own_spelling(self, code: str) -> None:
        assert providers.parse_provider(code) == code
        assert providers.parse_provider(code.upper().replace("_", "-")) == code

    @pytest.mark.parametrize("text", ["", "*", "inwrold", "playht", "x" * 100])
    def test_that_is_not_known_is_refused(self, text: str) -> None:
        with pytest.raises(providers.UnknownProvider):
            providers.parse_provider(text)

    @pytest.mark.parametrize(
        ("text", "nearest"), [("inwrold", "inworld"), ("kokoro", "kokoro_fastapi")]
    )
    def test_is_refused_with_the_nearest(self, text: str, nearest: str) -> None:
        ask = AccessRequest(
            organisation_id="org_a",
            livemode=False,
            action="synthesize",
            consent_id="con_a",
            language="en",
            use_case="research",
        )
        with pytest.raises(Invalid) as refused:
            replace(ask, provider=text)
        (fault,) = refused.value.faults
        assert (fault.code, fault.attr) == ("provider_unknown", "provider")
        assert f"Name one of: {nearest}" in fault.detail

    def test_that_is_like_no_other_is_refused_with_all(self) -> None:
        assert providers.find_nearest_providers("zzzzzz") == ()


class TestASignedRecord:
    def test_of_older_days_names_the_built_in_engine(self) -> None:
        (one,) = providers.read_signed_providers({"header": {}})
        assert one.code == "local"

    def test_keeps_the_facts_that_were_read(self) -> None:
        then = replace(providers.PROVIDERS["inworld"], country="FR", terms_read="2026-01-01")
        record = {"providers": [providers.provider_to_json(then)]}
        assert providers.read_signed_providers(record) == (then,)
