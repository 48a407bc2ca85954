"""Every stable code in one table: what it means, and with which status it comes.

The error tree says most of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Final

from config import problems
from config.task_modules import TASK_MODULES
from consent.policy.reasons import GATE_REASONS
from core.errors import SaysoError
from voices.sample_checks.sample_report import DETAILS

OURS: Final = frozenset(
    {
        "accounts",
        "audio",
        "config",
        "consent",
        "core",
        "engine",
        "erasure",
        "provenance",
        "proxies",
        "transparency_log",
        "upstream",
        "vault",
        "voices",
        "watermark",
    }
)
NAMED_WHERE_RAISED: Final = {
    "idempotency_key_invalid": (422, "An `Idempotency-Key` is 1 to 255 visible ASCII characters."),
    "language_required": (422, "The call names no language, and the key has no default for it."),
    "use_case_required": (422, "The call names no use case, and the key has no default for it."),
    "channel_unknown": (422, "The channel is not in the list. The answer has the list."),
    "territory_unknown": (422, "The territory is not in the list. The answer has the list."),
    "disclosure_required": (
        422,
        "The grant or the organisation's policy wants more said than the call asks for.",
    ),
    "disclosure_unavailable": (
        422,
        "No sentence in this language says that the voice is synthetic.",
    ),
    "out_of_range": (422, "A number or a length is outside its bounds. Nothing is ever clamped."),
    "consent_required": (422, "A clone through a proxy route names no consent, or two."),
    "preset_voices_only": (422, "The engine has preset voices, and no recording becomes one."),
    "sample_duplicate": (422, "The same file was sent twice as a sample."),
}
"""Codes that an error of the tree is given where it is raised, beside those of samples."""
REASONS: Final = {row.code: row.meaning for row in GATE_REASONS.values()}
"""Why the gate says no: the codes in `reasons`, beside a refusal with the code `consent_denied`."""
FIELDS: Final = {
    "required": "The field is missing.",
    "null": "The field may not be null.",
    "blank": "The text is empty.",
    "invalid": "The value has another type or form than the field takes.",
    "invalid_choice": "The value is none of those that the field takes.",
    "not_a_list": "The field takes a list.",
    "not_a_dict": "The field takes an object.",
    "empty": "The list is empty.",
    "max_length": "The text or the list is too long.",
    "too_short": "The text is too short to say anything.",
    "invisible_characters": (
        "The text holds characters that turn the direction of writing, or a line break."
    ),
    "control_characters": "The text holds control characters.",
    "unknown_field": "There is no such field or parameter here.",
    "duplicate": "The same value stands twice.",
    "invalid_base64": "The text is not base64.",
    "language_unknown": "The language tag is not one that we know, or names no specific language.",
    "use_case_unknown": "The use case is not in the list.",
    "territory_unknown": "The territory is not one that we know.",
    "channel_unknown": "The channel is not one that we know.",
    "provider_unknown": "The provider is not one that we know.",
    "action_unknown": "The act is not one that we know.",
    "label_unknown": "The label is not one that we know.",
    "exclusion_unknown": (
        "The exclusion is neither a use case nor a kind of content. No call could be judged by it."
    ),
    "notice_unknown": "There is no such notice.",
    "ssml_unsupported": "The text holds markup (SSML), which would be read aloud.",
    "voice_in_text": "The text names a voice, or holds a control word of an engine.",
    "locale_unknown": "The notice does not exist in this language.",
    "contact_invalid": "The entry is no e-mail address, https address or postal address.",
    "url_invalid": "The address of a provider is not in the form that is taken.",
    "scheme_not_allowed": "The address of a provider does not begin with `https://`.",
    "address_not_allowed": "The address of a provider lies outside of the public internet.",
    "host_not_listed": "The operator has not named this host as that of an engine.",
    "term_ambiguous": "Give either an end or a duration, never both, never neither.",
    "term_empty": "The term ends before it begins, or in the past.",
    "term_too_long": "The term is longer than a consent may last.",
}
"""What can be wrong with one field: codes in `errors`, and of the problem where all of its faults
have one code.
"""
WARNINGS: Final = {
    "vague": "A warning: the words are too wide to tell the person what is meant.",
    "comparison_off": (
        "A warning: the notice speaks of comparing voices, which the policy has not switched on."
    ),
    "language_covers_less": "A warning: the language tag covers less than its reader might think.",
    "language_covers_more": "A warning: the language tag covers more than its reader might think.",
    "assurance_lowered": (
        "A warning: the link is handed to the organisation, so the consent is of level L0."
    ),
    "never_usable": "A warning: the gate will refuse every call for what this grant allows.",
    "unlimited": "A warning: a limit that was left out is none.",
    "renewal_open": "A warning: a request to renew is open already, and stands as it was made.",
}
"""What should be worded better, or be known, although the request was taken: codes in `warnings`.
"""


ERROR_MODULES: Final = (
    "accounts.provisioning",
    "config.asgi.streaming",
    "config.backup.archive",
    "config.backup.dump",
    "config.backup.prerequisites",
    "config.urls",
    "transparency_log.monitor.log_monitor",
    "transparency_log.monitor.remote_log",
    "upstream.upstream_errors",
)
"""Modules with errors, beside those of background tasks, that not every process loads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """A code, what it means, and the HTTP status of the problem with this code.

    The status is None where the code only stands inside of answers.
    """

    name: str
    meaning: str
    status: int | None = None


@lru_cache(maxsize=1)
def problem_codes() -> dict[str, ErrorCode]:
    """Return the codes that a problem document can have, in the order of their statuses."""
    for module in (*TASK_MODULES, *ERROR_MODULES):
        import_module(module)

    found = {code.name: code for code in _codes_of_tree(SaysoError)}
    for name, (status, meaning) in NAMED_WHERE_RAISED.items():
        found.setdefault(name, ErrorCode(name=name, meaning=meaning, status=status))
    for name, meaning in DETAILS.items():
        found[name] = ErrorCode(name=name, meaning=meaning, status=422)
    return dict(sorted(found.items(), key=lambda item: (item[1].status or 0, item[0])))


def inner_codes() -> dict[str, ErrorCode]:
    """Return the codes inside of answers: reasons of refusals, faults of fields, warnings.

    A fault has a status, for it is also the code of a problem whose faults are all of its kind.
    """
    inside = {
        name: ErrorCode(name=name, meaning=meaning)
        for name, meaning in (REASONS | WARNINGS).items()
    }
    return inside | {
        name: ErrorCode(name=name, meaning=meaning, status=422) for name, meaning in FIELDS.items()
    }


def get_error_code(name: str) -> ErrorCode | None:
    """Return what is known of a code."""
    return problem_codes().get(name) or inner_codes().get(name)


def _codes_of_tree(kind: type[SaysoError]) -> Iterator[ErrorCode]:
    """Return a class's own code and those of its subclasses. Of several with one code the most
    general comes last.
    """
    for below in kind.__subclasses__():
        yield from _codes_of_tree(below)
    if "code" in vars(kind) and kind.__module__.partition(".")[0] in OURS:
        meaning = (
            inspect.cleandoc(kind.__doc__ or "")
            .partition("\n\n")[0]
            .replace("\n", " ")
            .replace("`", "")
        )
        yield ErrorCode(name=kind.code, meaning=meaning, status=problems.get_status(kind)[0])
