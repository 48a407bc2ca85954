"""The pure decision with all checks and reasons, against the same policy in Cedar, by size.

Cedar gets one policy, which is parsed once, and the consent as an entity with each call. Ours finds
the consent by its id among all. The requests of both are made beforehand, and both must allow and
refuse the same before anything is timed.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import cedarpy

from bench.table import Row, show
from consent.policy import evaluate
from consent.policy.state_machine import ConsentState
from consent.policy.types import AccessRequest, ConsentView, GrantView, PolicyContext, PolicyResult
from core.clock import to_millis

AT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
LANGUAGES: Final = ("en", "en-GB", "pt", "pt-BR", "es", "es-MX", "zh-Hant", "fr", "de", "ja")
USES: Final = (
    "entertainment.audiobook",
    "dubbing",
    "education.course",
    "agent.ivr",
    "accessibility.own_voice",
)
TERRITORIES: Final = ("US", "GB", "BR", "MX", "FR", "DE", "JP", "IN")
CHANNELS: Final = ("web", "app", "telephone", "podcast")
SIZES: Final = (1, 1_000, 100_000)
CEDAR: Final = """permit(principal, action, resource)
when { resource.state == "active" && resource.assurance >= context.level
 && context.now >= resource.start && context.now < resource.end
 && resource.actions.contains(context.action) && resource.use_case == context.use_case
 && resource.languages.containsAny(context.language) && resource.channels.contains(context.channel)
 && resource.territories.contains(context.territory)
 && !resource.exclusions.contains(context.use_case)
 && !resource.exclusions.containsAny(context.labels) && context.characters <= resource.left };"""


def population(count: int) -> dict[str, ConsentView]:
    """So many consents by id, each with one grant of three languages, three territories and two
    channels.
    """
    chance = random.Random(7)
    shared: dict[frozenset[str], frozenset[str]] = {}

    def some(codes: tuple[str, ...], most: int) -> frozenset[str]:
        chosen = frozenset(chance.sample(codes, most))
        return shared.setdefault(chosen, chosen)

    return {f"con_{number}": _consent(number, some, chance) for number in range(count)}


def _consent(
    number: int, some: Callable[[tuple[str, ...], int], frozenset[str]], chance: random.Random
) -> ConsentView:
    spoken = tuple(sorted(some(LANGUAGES, 3)))
    grant = GrantView(
        grant_id=f"grt_{number}",
        use_case=chance.choice(USES),
        actions=frozenset({"clone", "synthesize"}),
        languages=spoken,
        spelt=spoken,
        channels=some(CHANNELS, 2),
        territories=some(TERRITORIES, 3),
        exclusions=frozenset({"political", "adult"}),
        characters_left=1_000_000,
    )

    return ConsentView(
        consent_id=f"con_{number}",
        state=ConsentState.ACTIVE,
        assurance=1,
        valid_from=AT - timedelta(days=chance.randint(1, 300)),
        valid_until=AT + timedelta(days=chance.randint(1, 300)),
        grants=(grant,),
        providers=frozenset({"local"}),
    )


def allowed_ask(consent: ConsentView) -> AccessRequest:
    """Return a call that the consent covers, in a language of its range."""
    grant = consent.grants[0]
    tag = grant.languages[0]
    return AccessRequest(
        organisation_id="org_a",
        livemode=True,
        action="synthesize",
        consent_id=consent.consent_id,
        language=tag if "-" in tag else f"{tag}-US",
        use_case=grant.use_case,
        channel=min(grant.channels),
        territory=min(grant.territories),
        provider="local",
        characters=120,
        labels=("education",),
    )


def refused_ask(consent: ConsentView) -> AccessRequest:
    """Return a call that fails nearly every check, so that every reason gets its sentence."""
    return AccessRequest(
        organisation_id="org_a",
        livemode=True,
        action="train",
        consent_id=consent.consent_id,
        language="ko",
        use_case="research",
        channel="cinema",
        territory="CH",
        provider="fish",
        characters=2_000_000,
        labels=("adult",),
    )


def decide(known: dict[str, PolicyContext], ask: AccessRequest) -> PolicyResult:
    """Find the consent by its id, and decide the request."""
    return evaluate.evaluate_request(ask, known[ask.consent_id or ""])


def question(
    consent: ConsentView, ask: AccessRequest
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the same request for Cedar, with its one entity."""
    grant = consent.grants[0]
    parts = str(ask.language).split("-")
    attributes = {
        "state": str(consent.state), "assurance": consent.assurance,
        "start": to_millis(consent.valid_from or AT), "end": to_millis(consent.valid_until or AT),
        "actions": sorted(grant.actions), "use_case": grant.use_case,
        "languages": list(grant.languages), "channels": sorted(grant.channels),
        "left": grant.characters_left, "territories": sorted(grant.territories),
        "exclusions": sorted(grant.exclusions),
    }  # fmt: skip
    context = {
        "now": to_millis(AT), "level": 1, "action": ask.action, "use_case": ask.use_case,
        "channel": ask.channel, "territory": ask.territory, "characters": ask.characters,
        "labels": list(ask.labels),
        "language": ["-".join(parts[:size]) for size in range(len(parts), 0, -1)],
    }  # fmt: skip
    request = {
        "principal": {"type": "Key", "id": "k"},
        "action": {"type": "Action", "id": "ask"},
        "resource": {"type": "Consent", "id": consent.consent_id},
        "context": context,
    }
    entity = {
        "uid": {"type": "Consent", "id": consent.consent_id},
        "attrs": attributes,
        "parents": [],
    }

    return request, [entity]


def timed(call: Callable[[], object], size: int) -> float:
    """Return the mean time of a call over `size` calls, in microseconds."""
    began = time.perf_counter()
    for _ in range(size):
        call()

    return (time.perf_counter() - began) / size * 1e6


def measure(count: int) -> tuple[float, float, float, float]:
    """Measure among `count` consents.

    Returns the microseconds of a yes, of a no, and of a yes of Cedar, and how many times faster
    than Cedar our yes is.
    """
    consents = population(count)
    known = {name: PolicyContext(at=AT, consent=consent) for name, consent in consents.items()}
    picked = list(itertools.islice(consents.values(), 0, None, max(1, count // 200)))[:200]
    yes, no = [allowed_ask(one) for one in picked], [refused_ask(one) for one in picked]
    policies = cedarpy.PolicySet.from_str(CEDAR)
    asked = [question(one, ask) for one, ask in zip(picked, yes, strict=True)]
    refused = [question(one, ask) for one, ask in zip(picked, no, strict=True)]
    assert all(decide(known, ask).is_allowed for ask in yes)
    assert not any(decide(known, ask).is_allowed for ask in no)
    assert all(
        cedarpy.is_authorized(request, policies, entities).allowed for request, entities in asked
    )
    assert not any(
        cedarpy.is_authorized(request, policies, entities).allowed for request, entities in refused
    )
    gc.collect()
    gc.freeze()
    next_yes, next_no, next_cedar = (
        itertools.cycle(yes).__next__,
        itertools.cycle(no).__next__,
        itertools.cycle(asked),
    )

    def cedar() -> object:
        request, entities = next(next_cedar)
        return cedarpy.is_authorized(request, policies, entities)

    def turn() -> tuple[float, float, float]:
        """Time all three in turn, so that other work on the machine hits them equally."""
        own, refused = (
            timed(lambda: decide(known, next_yes()), 4_000),
            timed(lambda: decide(known, next_no()), 1_000),
        )

        return own, refused, timed(cedar, 400)

    turn()
    turns = [turn() for _ in range(25)]
    gc.unfreeze()
    own, refusals, cedars = (statistics.median(column) for column in zip(*turns, strict=True))
    return own, refusals, cedars, statistics.median(other / ours for ours, _, other in turns)


def rows(sizes: Iterable[int] = SIZES) -> list[Row]:
    """Return the table: each size, how many times faster than Cedar, and how flat."""
    measured, found = [], {}

    for count in sizes:
        own, refused, cedar, times = found[count] = measure(count)
        measured += [
            Row(name=f"decision, allowed, {count:,} consents", measured=f"{own:.2f} µs"),
            Row(
                name=f"decision, refused with all reasons, {count:,} consents",
                measured=f"{refused:.2f} µs",
            ),
            Row(name=f"the same in Cedar, {count:,} consents", measured=f"{cedar:.1f} µs"),
            Row(
                name=f"times faster than Cedar, {count:,} consents",
                measured=f"{times:.1f}",
                wanted="≥ 20",
                met=times >= 20,
            ),
        ]

    # In the ratio to Cedar, which reads one entity at any size, other work on the machine cancels
    # out.
    flat = max(one[3] for one in found.values()) / min(one[3] for one in found.values())
    measured.append(
        Row(
            name="that ratio, largest over smallest",
            measured=f"{flat:.2f}",
            wanted="≤ 2",
            met=flat <= 2,
        )
    )

    return measured


def main() -> int:
    """Print the table, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.decision")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    measured = rows(parser.parse_args().sizes)
    print(show(measured))
    return 1 if any(row.met is False for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
