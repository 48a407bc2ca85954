"""The settings of a provider of two steps: paths, fields and answers, in their one spelling.

Nothing in them leads outside the account's address, sets a header of ours, or names a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from core.canonical_json import Json
from voices.providers.declared.engine_accounts import check_sample_rate, refuse_setting

VOICE: Final = "{voice}"
MOST_CONSTANTS: Final = 20
LONGEST_CONSTANT: Final = 200
ANSWERS: Final = ("file", "pcm", "sse", "json", "url")
OURS: Final = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type",
    "cookie", "expect", "forwarded", "host", "keep-alive", "origin", "proxy-authorization",
    "proxy-connection", "range", "referer", "te", "trailer", "transfer-encoding", "upgrade",
    "user-agent", "via", "x-forwarded-for", "x-forwarded-host",
})  # fmt: skip
"""Headers that no key may travel in: they mean something else, or are set by the client."""

_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_MEMBER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}){0,4}")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,10}")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")
_EVENT: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_VOICE_HERE: Final = "voice-goes-here"

Check = Callable[[Any, str], Json]


def check_generic_settings(settings: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the settings with every default filled in. Raises Invalid with the field's name."""
    found = _read_object(
        settings,
        "",
        needed={"clone": _check_clone, "speech": _check_speech, "delete": _check_delete},
        optional={"auth": _check_auth, "list": _check_list},
    )
    return {"auth": _check_auth({}, "auth"), **found}


def _check_clone(value: Any, attr: str) -> Json:
    found = _read_object(
        value,
        attr,
        needed={"path": _check_path},
        optional={
            "file_field": _check_field,
            "name_field": _check_field,
            "consent_field": _check_field,
            "language_field": _check_field,
            "transcript_field": _check_field,
            "voice_id": _check_member,
            "fields": _check_constants,
        },
    )
    found = {"file_field": "audio", "name_field": "name", "voice_id": "voice_id", **found}
    _check_apart(found, attr)
    return found


def _check_speech(value: Any, attr: str) -> Json:
    found = _read_object(
        value,
        attr,
        needed={"path": _check_path},
        optional={
            "text_field": _check_field,
            "voice_field": _check_field,
            "language_field": _check_field,
            "speed_field": _check_field,
            "fields": _check_constants,
            "answer": _check_answer,
        },
    )
    found = {
        "text_field": "text",
        "voice_field": "voice_id",
        "answer": _check_answer({}, f"{attr}.answer"),
        **found,
    }
    _check_apart(found, attr)
    return found


def _check_answer(value: Any, attr: str) -> Json:
    found = _read_object(
        value,
        attr,
        needed={},
        optional={
            "kind": _check_kind,
            "member": _check_member,
            "event": _check_event,
            "sample_rate_hz": _check_rate,
        },
    )
    kind = found.setdefault("kind", "file")
    wanted = {
        "member": kind in {"sse", "json", "url"},
        "sample_rate_hz": kind in {"pcm", "sse"},
        "event": kind == "sse",
    }
    for name, is_wanted in wanted.items():
        if is_wanted and name not in found:
            raise refuse_setting(f"{attr}.{name}", "required", f"An answer as `{kind}` needs it.")
        if not is_wanted and name in found:
            detail = f"An answer as `{kind}` has none."
            raise refuse_setting(f"{attr}.{name}", "unknown_field", detail)

    return found


def _check_delete(value: Any, attr: str) -> Json:
    path = {"path": _check_voice_path}
    return _read_object(value, attr, needed=path, optional={})


def _check_list(value: Any, attr: str) -> Json:
    found = _read_object(
        value,
        attr,
        needed={"path": _check_path, "id_member": _check_field},
        optional={"rows": _check_member, "name_member": _check_field},
    )
    return {"rows": "", **found}


def _check_auth(value: Any, attr: str) -> Json:
    found = _read_object(
        value, attr, needed={}, optional={"header": _check_header, "scheme": _check_scheme}
    )
    usual = "Bearer" if "header" not in found else ""
    return {"header": "Authorization", "scheme": usual, **found}


def _check_kind(value: Any, attr: str) -> Json:
    if value not in ANSWERS:
        raise refuse_setting(attr, "invalid_choice", f"Name one of: {', '.join(ANSWERS)}.")

    return str(value)


def _check_rate(value: Any, attr: str) -> Json:
    check_sample_rate(value, attr=attr)
    return int(value)


def _check_header(value: Any, attr: str) -> Json:
    name = _match(_HEADER, value, attr, "Give the name of a header.")
    if name.lower() in OURS:
        raise refuse_setting(attr, "invalid", "This header is ours, or means something else.")

    return name


def _check_path(value: Any, attr: str) -> Json:
    detail = "Write it as `/v1/name`, without `.` or `..`, query or final slash."
    path = _match(_PATH, value, attr, detail)
    if {".", ".."} & set(path.split("/")):
        raise refuse_setting(attr, "invalid", detail)

    return path


def _check_voice_path(value: Any, attr: str) -> Json:
    if not isinstance(value, str) or value.split("/").count(VOICE) != 1:
        raise refuse_setting(attr, "invalid", f"One segment of it is `{VOICE}`.")

    path = str(_check_path(value.replace(VOICE, _VOICE_HERE), attr))
    return path.replace(_VOICE_HERE, VOICE)


def _check_constants(value: Any, attr: str) -> Json:
    if not isinstance(value, dict) or len(value) > MOST_CONSTANTS:
        detail = f"Send an object with at most {MOST_CONSTANTS} fields."
        raise refuse_setting(attr, "not_a_dict", detail)

    for name, constant in value.items():
        _check_field(name, f"{attr}.{str(name)[:60]}")
        fits = isinstance(constant, bool | int | float) or (
            isinstance(constant, str) and len(constant) <= LONGEST_CONSTANT
        )
        if not fits:
            detail = f"Give a number, true, false or a text of {LONGEST_CONSTANT} characters."
            raise refuse_setting(f"{attr}.{name}", "invalid", detail)

    return dict(sorted(value.items()))


def _check_apart(found: Mapping[str, Json], attr: str) -> None:
    """Check that no field is named twice. Raises Invalid."""
    names = [str(value) for name, value in found.items() if name.endswith("_field")]
    constants = found.get("fields")
    names += list(constants) if isinstance(constants, dict) else []
    if len(set(names)) < len(names):
        raise refuse_setting(attr, "duplicate", "A field of the call stands twice.")


def _read_object(
    value: Any, attr: str, *, needed: Mapping[str, Check], optional: Mapping[str, Check]
) -> dict[str, Json]:
    """Return an object whose members are checked, in the order of their names. Raises Invalid."""
    if not isinstance(value, Mapping):
        raise refuse_setting(attr, "not_a_dict", "Send a JSON object.")

    def name_member(name: object) -> str:
        return f"{attr}.{str(name)[:60]}" if attr else str(name)[:60]

    checks = {**needed, **optional}
    for name in sorted(map(str, set(value) - set(checks))):
        raise refuse_setting(name_member(name), "unknown_field", "There is no such setting.")
    for name in sorted(set(needed) - set(value)):
        raise refuse_setting(name_member(name), "required", "This is missing.")

    return {name: checks[name](value[name], name_member(name)) for name in sorted(value)}


def _match(pattern: re.Pattern[str], value: Any, attr: str, detail: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise refuse_setting(attr, "invalid", detail)

    return value


def _by_pattern(pattern: re.Pattern[str], detail: str) -> Callable[[Any, str], Json]:
    def check(value: Any, attr: str) -> Json:
        return _match(pattern, value, attr, detail)

    return check


_check_field: Check = _by_pattern(_FIELD, "Give the name of a field.")
_check_member: Check = _by_pattern(_MEMBER, "Name a member of the answer, such as `data.id`.")
_check_scheme: Check = _by_pattern(_SCHEME, "Give the word before the key, such as `Bearer`.")
_check_event: Check = _by_pattern(_EVENT, "Give the type of the events that carry sound.")
