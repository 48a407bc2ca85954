"""One canonical ask: whichever way a caller writes a word, everything that reads it reads the
same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent import stored_requests
from consent.models import Consent, Decision
from consent.policy import channels, evaluate, territories, use_cases
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, GrantView, PolicyContext
from core.errors import Invalid
from tests.conftest import NOON
from tests.support.consent_factories import ask_for, check, codes

pytestmark = pytest.mark.once

ASK = AccessRequest(
    organisation_id="org_a",
    livemode=False,
    action="synthesize",
    consent_id="con_a",
    language="en",
    use_case="entertainment.audiobook",
)
WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


def in_full_width(text: str) -> str:
    return "".join(WIDE.get(char, char) for char in text)


spellings = st.sampled_from(
    [
        str.upper,
        str.title,
        in_full_width,
        lambda text: f" {text} ",
        lambda text: text.replace("_", "-"),
        lambda text: text.replace("_", " "),
    ]
)


class TestAnAsk:
    @pytest.mark.parametrize(
        ("name", "given", "canonical"),
        [
            ("channel", "phone", "telephone"),
            ("channel", "Telephone", "telephone"),
            ("channel", "tv", "broadcast"),
            ("channel", "ｔｖ", "broadcast"),
            ("channel", "in store", "in_store"),
            ("channel", "", None),
            ("territory", "cn", "CN"),
            ("territory", "UK", "GB"),
            ("territory", "cn-bj", "CN-BJ"),
            ("territory", "", None),
            ("provider", "Fish Audio", "fish"),
            ("provider", "vLLM-Omni", "vllm_omni"),
            ("provider", "ｌｏｃａｌ", "local"),
            ("provider", "", None),
            ("language", "en_us", "en-US"),
            ("language", "iw", "he"),
            ("use_case", "Entertainment.Film-TV", "entertainment.film_tv"),
            ("use_case", "karaoke", None),
            ("language", "Klingonisch", None),
        ],
    )
    def test_reads_every_spelling_alike_and_keeps_what_was_given(
        self, name: str, given: str, canonical: str | None
    ) -> None:
        words: dict[str, Any] = {name: given}
        ask = replace(ASK, **words)
        assert getattr(ask, name) == canonical
        assert ask.given == ({name: given} if given else {})

    @pytest.mark.parametrize(
        "word", ["fax", "everything", "web,app", "tеlephone", "telephone\u200b", "x" * 2000]
    )
    def test_for_a_channel_that_is_not_known_cannot_be_made(self, word: str) -> None:
        with pytest.raises(Invalid) as refusal:
            replace(ASK, channel=word)
        assert (refusal.value.stable_code, refusal.value.faults[0].attr) == (
            "channel_unknown",
            "channel",
        )
        assert refusal.value.detail.endswith(f"one of: {channels.LISTED}.")

    @pytest.mark.parametrize("word", ["Mars", "ZZ", "EU-FR", "C", "СN", "x" * 2000])
    def test_for_a_territory_that_is_not_known_cannot_be_made(self, word: str) -> None:
        with pytest.raises(Invalid) as refusal:
            replace(ASK, territory=word)
        assert refusal.value.stable_code == "territory_unknown"
        assert refusal.value.detail.endswith(f"one of: {territories.LISTED}.")

    @pytest.mark.parametrize(
        "word", ["fax", "foo", "politics", "роlitical", "", "x" * 2000, "Ada Lovelace"]
    )
    def test_takes_a_label_that_is_not_known_for_unsure(self, word: str) -> None:
        assert replace(ASK, labels=("education", word)).labels == ("education", "unsure")

    @given(st.sampled_from(sorted(use_cases.EXCLUDABLE)), spellings, spellings)
    def test_has_one_reading_for_any_two_spellings_of_a_label(
        self, code: str, one: object, other: object
    ) -> None:
        assert callable(one)
        assert callable(other)
        assert replace(ASK, labels=(one(code), other(code))).labels == (code,)

    @given(st.text(max_size=70), st.text(max_size=70), st.lists(st.text(max_size=70), max_size=3))
    def test_made_of_its_own_words_is_the_same(
        self, language: str, use_case: str, labels: list[str]
    ) -> None:
        ask = replace(ASK, language=language, use_case=use_case, labels=tuple(labels))
        again = replace(ASK, language=ask.language, use_case=ask.use_case, labels=ask.labels)
        assert (again.language, again.use_case, again.labels) == (
            ask.language,
            ask.use_case,
            ask.labels,
        )
        assert again.given == {}


# Words, each with other ways to write it.
WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "language": {
        "en-GB": ("EN_gb", "en-UK", "en-Latn-GB", "en-GB-u-ca-gregory"),
        "zh-Hant-TW": ("zh-TW", "cmn-Hant-TW", "zh-158"),
        "no": ("nb", "NB", "nor", "nob"),
        "et": ("ekk", "est"),
        "he": ("iw", "heb"),
    },
    "use_case": {
        "entertainment.audiobook": ("Entertainment.AudioBook", "ENTERTAINMENT.AUDIOBOOK"),
        "entertainment.film_tv": ("entertainment.film-tv", "Entertainment.Film TV"),
        "entertainment": ("Entertainment", " entertainment "),
    },
    "channel": {
        "broadcast": ("tv", "Radio", "television"),
        "in_store": ("in-store", "In Store"),
        "web": ("WEB", "ｗｅｂ"),
    },
    "territory": {
        "FR": ("fr", "FRA", "250"),
        "CN-BJ": ("cn-bj", "CN-11", "cn_bj"),
        "GB": ("UK", "gbr", "826"),
        "EU": ("eu",),
        "PR": ("US-PR", "pri"),
    },
}


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[AccessRequest, AccessRequest]:
    """One ask, and the same in other spellings."""
    plain: dict[str, Any] = {
        name: draw(st.sampled_from(sorted(words))) for name, words in WAYS.items()
    }
    other: dict[str, Any] = {
        name: draw(st.sampled_from(WAYS[name][word])) for name, word in plain.items()
    }
    labels = draw(st.lists(st.sampled_from(sorted(use_cases.EXCLUDABLE)), max_size=2))
    spelt = tuple(draw(spellings)(label) for label in labels)
    return replace(ASK, **plain, labels=tuple(labels)), replace(ASK, **other, labels=spelt)


grants = st.builds(
    GrantView,
    grant_id=st.just("grt_a"),
    use_case=st.sampled_from(["entertainment", "entertainment.audiobook"]),
    actions=st.just(frozenset({"synthesize"})),
    languages=st.lists(
        st.sampled_from(["*", "en", "zh-Hant", "nb", "no", "et", "he"]), min_size=1, max_size=3
    ).map(tuple),
    spelt=st.just(("en",)),
    channels=st.frozensets(st.sampled_from(["*", "web", "broadcast", "in_store"])),
    territories=st.frozensets(st.sampled_from(["*", "EU", "FR", "CN", "GB", "US"])),
    exclusions=st.frozensets(st.sampled_from(sorted(use_cases.EXCLUDABLE)), max_size=2),
    sensitive_content=st.frozensets(st.sampled_from(sorted(use_cases.SENSITIVE_LABELS))),
)


CHILDREN = [
    f"{parent}.{child}" for parent, children in use_cases.TREE.items() for child in children
]


class TestTwoSpellings:
    @given(two_ways(), grants, st.sampled_from([{}, {"entertainment.film_tv": 2}]))
    def test_of_one_thing_get_the_same_decision(
        self, asks: tuple[AccessRequest, AccessRequest], grant: GrantView, raised: dict[str, int]
    ) -> None:
        consent = ConsentView(
            consent_id="con_a", state=ConsentState.ACTIVE, assurance=1, valid_from=NOON,
            valid_until=NOON + timedelta(days=1), grants=(grant,),
        )  # fmt: skip
        one, other = (
            evaluate.evaluate_request(ask, PolicyContext(at=NOON, consent=consent, raised=raised))
            for ask in asks
        )
        assert one == other

    @given(st.sampled_from(CHILDREN), grants, st.booleans(), st.booleans())
    def test_a_parent_is_allowed_only_where_all_its_children_are(
        self, child: str, grant: GrantView, excluded: bool, raised: bool
    ) -> None:
        parent = use_cases.PARENTS[child]
        grant = replace(
            grant, use_case=parent, exclusions=frozenset({child} if excluded else set())
        )
        grant = replace(
            grant, languages=("en",), channels=frozenset({"*"}), territories=frozenset({"*"})
        )
        consent = ConsentView(
            consent_id="con_a", state=ConsentState.ACTIVE, assurance=2, valid_from=NOON,
            valid_until=NOON + timedelta(days=1), grants=(grant,),
        )  # fmt: skip
        facts = PolicyContext(at=NOON, consent=consent, raised={child: 3} if raised else {})
        children = [f"{parent}.{one}" for one in use_cases.TREE[parent]]
        if evaluate.evaluate_request(replace(ASK, use_case=parent), facts).is_allowed:
            assert all(
                evaluate.evaluate_request(replace(ASK, use_case=one), facts).is_allowed
                for one in children
            )

    @given(st.sampled_from(["agent.ivr", "agent.companion"]), st.integers(2, 3))
    def test_a_parent_needs_the_highest_level_among_its_children(
        self, child: str, level: int
    ) -> None:
        assert use_cases.get_minimum_level("agent", {child: level}) == level


@pytest.mark.django_db(transaction=True)
class TestADecision:
    def test_keeps_the_canonical_words_and_beside_them_those_of_the_caller(
        self, consent: Consent
    ) -> None:
        check(consent, channel="Phone", territory="uk", language="EN_gb", labels=("Education",))
        stored = Decision.objects.get().ask
        assert (stored["channel"], stored["territory"], stored["language"]) == (
            "telephone",
            "GB",
            "en-GB",
        )
        assert stored["labels"] == ["education"]
        assert stored["given"] == {
            "channel": "Phone", "territory": "uk", "language": "EN_gb", "labels": ["Education"],
        }  # fmt: skip

    def test_says_nothing_of_what_was_given_where_it_is_the_same(self, consent: Consent) -> None:
        check(consent, channel="telephone")
        assert "given" not in Decision.objects.get().ask

    def test_keeps_no_words_that_could_be_anything(self, consent: Consent) -> None:
        assert codes(consent, labels=("lovelace", "Ada Lovelace, Soho"), language="lovelace") == [
            "language_unknown", "content_excluded",
        ]  # fmt: skip
        stored = Decision.objects.get().ask
        assert (stored["labels"], stored["language"]) == (["unsure"], None)
        assert stored["given"] == {"labels": ["?", "?"], "language": "?"}

    def test_gives_its_ask_again_to_be_judged_once_more(self, consent: Consent) -> None:
        asked = ask_for(consent, channel="Phone", territory="uk", labels=("Education",))
        check(consent, channel="Phone", territory="uk", labels=("Education",))
        again = stored_requests.restore_access_request(Decision.objects.get())
        names = (
            "action",
            "language",
            "use_case",
            "channel",
            "territory",
            "labels",
            "characters",
            "consent_id",
        )
        assert [getattr(again, name) for name in names] == [getattr(asked, name) for name in names]

    def test_of_older_days_with_words_that_cannot_be_read_is_unsure(self, consent: Consent) -> None:
        check(consent, channel="web")
        row = Decision.objects.get()
        row.ask = {**row.ask, "channel": "fax"}
        ask = stored_requests.restore_access_request(row)
        assert (ask.channel, ask.labels) == (None, ("unsure",))
