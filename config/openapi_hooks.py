"""Adds to the OpenAPI document what holds for every operation: problems, idempotency, request ids
and limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from config.openapi_texts import EXAMPLES, TAGS

Node = dict[str, Any]

METHODS: Final = ("get", "post", "patch", "delete")
SUMMARIES: Final = {
    400: "The request cannot be read: broken JSON or UTF-8, a key that stands twice, NaN.",
    401: "No API key, or none that is accepted.",
    403: (
        "The key lacks the scope, or no consent covers the call: then `code` is `consent_denied`, "
        "with all `reasons`."
    ),
    404: "There is no such thing, or it is another organisation's.",
    409: (
        "Not in the state that the call needs, or the first call with this `Idempotency-Key` is "
        "still running."
    ),
    413: "The body or a file is over its limit.",
    414: "An address that is longer than this route takes. A POST takes as much in its body.",
    415: "Another content type than this route takes.",
    416: "The part that is asked for lies behind the end.",
    422: "A field is wrong. `errors` names each.",
    429: "Too many calls. Try again after `Retry-After` seconds.",
    500: "Something went wrong on our side.",
    503: "A part that is needed is down. Nothing was made. Try again after `Retry-After` seconds.",
}
_WAITING: Final = {409, 429, 503}
_TEXT: Final[Node] = {"type": "string"}
_NULLABLE: Final[Node] = {"type": ["string", "null"]}
PROBLEM: Final[Node] = {
    "type": "object",
    "description": (
        "A problem document (RFC 9457). Some codes add members of their own, such as `reasons`."
    ),
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "errors"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "A page that says what the code means.",
        },
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "instance": _NULLABLE,
        "code": {"type": "string", "description": "Stable. Programs decide by it."},
        "request_id": _NULLABLE,
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/RefusalReason"}},
        "decision": _NULLABLE,
    },
}
FAULT: Final[Node] = {
    "type": "object",
    "description": (
        "One thing wrong with one field. `attr` is its dotted path, such as `grants.0.languages`."
    ),
    "required": ["code", "attr", "detail"],
    "properties": {"code": _TEXT, "attr": _NULLABLE, "detail": _TEXT},
}
HEADERS: Final[Node] = {
    "X-Request-Id": {"description": "Names this request, for questions to us.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit-Limit": {
        "description": "Calls a minute that this key may make.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {
        "description": "Calls left in this minute.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Reset": {
        "description": "Seconds until the next minute.",
        "schema": {"type": "integer"},
    },
    "Idempotent-Replayed": {
        "description": (
            "`true` when this is the stored answer to the first call with the same "
            "`Idempotency-Key`."
        ),
        "schema": {"const": "true"},
    },
}
IDEMPOTENCY_KEY: Final[Node] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "The same key and body within 24 hours give the same answer and are carried out once."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}


def complete_document(result: Node, **_: Any) -> Node:
    """Add to the generated document what holds for all operations.

    The library calls this hook last.
    """
    components = result["components"]
    components["schemas"] |= {"Problem": PROBLEM, "Fault": FAULT}
    components["headers"] = HEADERS
    components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY}
    components["responses"] = {
        f"Problem{status}": _problem_response(status) for status in SUMMARIES
    }
    for path, item in result["paths"].items():
        for method in METHODS:
            if method in item:
                _complete_operation(item[method], method, path=path)
                _require_body(item[method], components["schemas"])
    result["servers"] = [{"url": "/"}]  # wherever the document was found
    result["tags"] = [{"name": tag.name, "description": tag.description} for tag in TAGS]
    return _rename_schemas(_drop_marks(result))


def _complete_operation(operation: Node, method: str, *, path: str) -> None:
    operation["tags"] = [find_tag(path)]
    operation["summary"] = _summarise(operation["description"])
    if example := EXAMPLES.get(operation["operationId"]):
        operation["requestBody"]["content"]["application/json"]["example"] = example
    for parameter in operation.get("parameters", ()):
        # `metadata[shelf]=b`: without a style, an object in a query has another form.
        if parameter["in"] == "query" and parameter.get("schema", {}).get("type") == "object":
            parameter |= {"style": "deepObject", "explode": True}
    security = operation.setdefault("security", [])
    # An empty rule among them: the key may be left out, and a bad one is refused all the same.
    keyed = bool(security) and {} not in security
    if method == "post" and keyed:
        operation.setdefault("parameters", []).append(
            {"$ref": "#/components/parameters/IdempotencyKey"}
        )
    responses = operation["responses"]
    for answer in (body for status, body in responses.items() if int(status) < 400):
        answer.setdefault("headers", {}).update(
            _response_headers(keyed=keyed, replayable=keyed and method == "post")
        )
    declared = {int(status) for status in responses if int(status) >= 400}
    declared.update(_possible_statuses(operation, method, keyed=keyed, has_id="{" in path))
    if security:
        declared.add(401)
    problems = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in declared
    }
    operation["responses"] = dict(sorted({**responses, **problems}.items()))


def _require_body(operation: Node, schemas: Node) -> None:
    """Say that a body must come where an empty one breaks a rule of the form.

    The library says so for fields that must be there, and knows nothing of rules.
    """
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    form = schemas.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
    # With nothing in it no `if` about a field that is there holds, so each `else` does.
    is_ruled = any(rule.get("else", {}).get("required") for rule in form.get("allOf", ()))
    # Of several forms, each may want a field.
    forms = [schemas[one["$ref"].rpartition("/")[2]] for one in form.get("oneOf", ())]
    if is_ruled or (forms and all(one.get("required") for one in forms)):
        operation["requestBody"]["required"] = True


def find_tag(path: str) -> str:
    """Return the name of the group that a path belongs to."""
    return next(tag.name for tag in TAGS if path.startswith(tag.paths))


def _summarise(description: str) -> str:
    """Return the first sentence, in one line and without its full stop."""
    first = " ".join(description.partition("\n\n")[0].split())

    return re.split(r"(?<=[a-z0-9`)])[.:] ", first)[0].removesuffix(".")


def _possible_statuses(operation: Node, method: str, *, keyed: bool, has_id: bool) -> Iterator[int]:
    """Yield the statuses with which an operation of this kind can fail."""
    yield from (429, 500, 503)
    if keyed:
        yield 403
    if has_id:
        yield 404
    if method in {"post", "patch"}:
        yield from (400, 413, 415, 422)
    if method == "post" and keyed:
        yield 409
    if any(parameter.get("in") == "query" for parameter in operation.get("parameters", ())):
        yield 422


def _response_headers(*, keyed: bool, replayable: bool) -> Node:
    names = ["X-Request-Id"]
    if keyed:
        names += ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    if replayable:
        names.append("Idempotent-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_response(status: int) -> Node:
    names = ["X-Request-Id", "Retry-After"] if status in _WAITING else ["X-Request-Id"]
    return {
        "description": SUMMARIES[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }


def _drop_marks(node: Any) -> Any:
    """Drop the library's own marks, and its way of saying that an answer has no body."""
    if isinstance(node, dict):
        return {
            name: _drop_marks(inner) for name, inner in node.items() if name != "x-spec-enum-id"
        }
    return [_drop_marks(inner) for inner in node] if isinstance(node, list) else node


def _rename_schemas(document: Node) -> Node:
    """Take the suffixes of our classes off the schemas' names: clients generate theirs from
    them.
    """
    schemas = document["components"]["schemas"]
    names = {name: re.sub(r"(Object|Output|Request)\Z", "", name) for name in schemas}
    if len(set(names.values())) != len(names):
        raise ValueError("two schemas would have one name")
    components = document["components"] | {
        "schemas": {names[name]: schemas[name] for name in sorted(schemas)}
    }
    renamed: Node = _update_references(document | {"components": components}, names)
    return renamed


def _update_references(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            key: f"#/components/schemas/{names[inner.rpartition('/')[2]]}"
            if key == "$ref" and "/schemas/" in inner
            else _update_references(inner, names)
            for key, inner in node.items()
        }
    return [_update_references(inner, names) for inner in node] if isinstance(node, list) else node
