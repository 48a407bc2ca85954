"""The routes that the SDKs in Python know, read from their sources.

Two generators write their calls alike, and are read as text. The SDKs written by hand are parsed.
A call whose route is not read is counted, so that none is passed over.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

WEBSOCKET: Final = "WS"
Route = tuple[str, str]
"""A method, or `WS`, and a path without its first slash, with `{name}` for what a call fills in."""

RouteReader = Callable[[str], tuple[set[Route], int]]
"""Gives the routes of one file, and how many calls it has whose route was not read."""

CallReader = Callable[[ast.Call, "Names"], tuple[str, str | None] | None]
"""Gives method and path of a call, None for the path if it is not seen, None for another call."""

_FERN_CALL: Final = re.compile(r"\.httpx_client\.(?:request|stream)\(")
_FERN: Final = re.compile(
    r'\.httpx_client\.(?:request|stream)\(\s*f?"([^"]*)",.*?method="(\w+)"', re.DOTALL
)
_FERN_SOCKET: Final = re.compile(r'\["v1", "([a-z-]+)", (\w+), "([a-z-]+)"\]')
_STAINLESS_CALL: Final = re.compile(r"self\._(?:get|post|put|patch|delete|get_api_list)\(\s*[^)\s]")
_STAINLESS: Final = re.compile(
    r'self\._(get|post|put|patch|delete|get_api_list)\(\s*(?:path_template\(\s*)?f?"(/[^"]*)"'
)
_SOCKET_CALL: Final = re.compile(r'\bmerge_raw_path = [^=]*?\.rstrip\(b"/"\)')
_SOCKET: Final = re.compile(
    r'\bmerge_raw_path = [^=]*?\.rstrip\(b"/"\)\s*\+ (?:b|path_template\()"(/[^"]*)"'
)
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "request"})
_SESSIONS: Final = frozenset({"_req", "requests", "s", "session"})
_RESEMBLE_PLACES: Final = {"_direct_syn_server_url": "synthesize"}


@dataclass(frozen=True, slots=True)
class AddressHelper:
    """A function that asks the address of one of its arguments."""

    method: str
    place: int
    name: str

    def find_address(self, call: ast.Call) -> ast.expr:
        """Return the argument of a call of it."""
        named = {word.arg: word.value for word in call.keywords}
        return named.get(self.name) or call.args[self.place]


Names = dict[str, ast.expr | ast.arg | AddressHelper]
"""What the names of a file were last set to. A parameter is itself."""


def read_fern(text: str) -> tuple[set[Route], int]:
    """Read a file of the first generator."""
    found = _FERN.findall(text)
    routes = {(method, _name_gaps(path)) for path, method in found}
    routes |= {
        (WEBSOCKET, f"v1/{first}/{{{gap}}}/{last}")
        for first, gap, last in _FERN_SOCKET.findall(text)
    }
    return routes, len(_FERN_CALL.findall(text)) - len(found)


def read_stainless(text: str) -> tuple[set[Route], int]:
    """Read a file of the other generator."""
    found, sockets = _STAINLESS.findall(text), _SOCKET.findall(text)
    names = {"get_api_list": "GET"}
    routes = {(names.get(verb, verb.upper()), _strip(path)) for verb, path in found}
    routes |= {(WEBSOCKET, _strip(path)) for path in sockets}
    calls = len(_STAINLESS_CALL.findall(text)) + len(_SOCKET_CALL.findall(text))
    return routes, calls - len(found) - len(sockets)


def read_inworld(text: str) -> tuple[set[Route], int]:
    """Read a file of Inworld's SDK, which asks by sessions of `requests`."""
    return _read_calls(text, _read_session_call)


def read_fish(text: str) -> tuple[set[Route], int]:
    """Read a file of either of Fish Audio's modules."""
    return _read_calls(text, _read_fish_call)


def read_resemble(text: str) -> tuple[set[Route], int]:
    """Read a file of Resemble's SDK."""
    return _read_calls(text, _read_resemble_call)


def _read_calls(text: str, reader: CallReader) -> tuple[set[Route], int]:
    routes: set[Route] = set()
    unread = 0
    tree = ast.parse(text)
    for names, node in _walk_with_names(tree, _find_helpers(tree)):
        read = reader(node, names)
        if read is None:
            continue
        method, path = read
        if path is None:
            unread += 1
        else:
            routes.add((method, _strip(path)))
    return routes, unread


def _walk_with_names(node: ast.AST, names: Names) -> Iterator[tuple[Names, ast.Call]]:
    """Yield each call with what the names around it mean. A function inherits those outside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        names = {**names, **{arg.arg: arg for arg in _list_parameters(node)}}
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
            names[child.targets[0].id] = child.value
        if isinstance(child, ast.Call):
            yield names, child
        yield from _walk_with_names(child, names)


def _find_helpers(tree: ast.Module) -> Names:
    """Return the functions that ask the address of one of their arguments."""
    helpers: Names = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        places = [arg.arg for arg in _list_parameters(function)]
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            match call:
                case ast.Call(
                    func=ast.Attribute(attr=verb, value=ast.Name(id=sender)),
                    args=[ast.Name(id=name), *_],
                ) if verb in _VERBS and sender in _SESSIONS and name in places:
                    helpers[function.name] = AddressHelper(verb.upper(), places.index(name), name)
    return helpers


def _list_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _read_session_call(call: ast.Call, names: Names) -> tuple[str, str | None] | None:
    match call.func:
        case ast.Attribute(attr=verb, value=ast.Name(id=sender)) if (
            verb in _VERBS and sender in _SESSIONS and call.args
        ):
            method, address = verb.upper(), call.args[0]
        case ast.Name(id=name) if isinstance(helper := names.get(name), AddressHelper):
            method, address = helper.method, helper.find_address(call)
        case _:
            return None

    if isinstance(address, ast.Name) and isinstance(names.get(address.id), ast.arg):
        # Read where the function is called.
        return None
    if isinstance(address, ast.Name) and address.id == "preview_url":
        # An address that another provider's answer held.
        return None
    path = _read_text(address, names)
    return method, None if path is None else path.removeprefix("{base}")


def _read_fish_call(call: ast.Call, names: Names) -> tuple[str, str | None] | None:
    named = {word.arg: word.value for word in call.keywords}
    match call.func:
        case ast.Name(id="Request"):
            method, path = named.get("method"), named.get("url")
        case ast.Attribute(attr="request", value=ast.Attribute(attr="_client", value=ast.Name())):
            method, path = (*call.args, None, None)[:2]
        case ast.Name(id="connect_ws" | "aconnect_ws"):
            return WEBSOCKET, _read_text(call.args[0], names)
        case _:
            return None
    verb = _read_text(method, names)
    return verb or "", None if verb is None else _read_text(path, names)


def _read_resemble_call(call: ast.Call, names: Names) -> tuple[str, str | None] | None:
    match call.func:
        case ast.Attribute(attr="request", value=ast.Name(id="requests")):
            method, path = _read_text(call.args[0], names) or "", call.args[1]
        case ast.Attribute(attr=verb, value=ast.Name(id="requests")) if verb in _VERBS:
            method, path = verb.upper(), call.args[0]
        case _:
            return None
    match path:
        case ast.Call(func=ast.Attribute(attr="endpoint"), args=[version, route]):
            parts = (_read_text(version, names), _read_text(route, names))
            return method, None if None in parts else "/".join(("api", *map(str, parts)))
        case ast.Call(func=ast.Attribute(attr="syn_server_endpoint"), args=[route]):
            return method, _read_text(route, names)
        case ast.Attribute(attr=place):
            return method, _RESEMBLE_PLACES.get(place)
    return method, None


def _read_text(node: ast.expr | None, names: Names) -> str | None:
    """Return the text of an expression, with `{name}` for what a call fills in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if isinstance(known := names.get(name), ast.expr) and not isinstance(
            known, ast.Name
        ):
            return _read_text(known, names)
        case ast.JoinedStr(values=values):
            return "".join(_read_part(part, names) for part in values)
    return None


def _read_part(node: ast.expr, names: Names) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    if isinstance(inner, ast.Call) and inner.args:
        inner = inner.args[0]
    if isinstance(inner, ast.Name) and (known := _read_text(inner, names)) and "{" not in known:
        # A part of the address that is the same in every call. A host is none.
        return "" if "://" in known else known
    return f"{{{inner.id}}}" if isinstance(inner, ast.Name) else "{}"


def _name_gaps(path: str) -> str:
    return re.sub(r"\{(?:jsonable_encoder|encode_path_param)\((\w+)\)\}", r"{\1}", path)


def _strip(path: str) -> str:
    """Return the path without a query and without slashes around it."""
    return path.partition("?")[0].strip("/")
