"""The reader of manifests: a program of the sandbox that reads one foreign file and reports on it.

It knows nothing of the service and can open neither file nor socket. So an address in a manifest is
never fetched, even by a library.

Its order is {"media_type", "settings", "size", "sidecar"}, with `size` bytes of the file and
`sidecar` bytes behind it. Its answer is one line of JSON, {"error": kind} or {"state", "active",
"serial", "sources", "bindings", "ingredients", "codes"}.
"""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import Any, BinaryIO

import c2pa

LONGEST = 200  # characters of any text that is passed on
MOST = 64  # of any list
KINDS = {
    "_C2paManifestNotFound": "absent",
    "_C2paRemoteManifest": "remote",
}
READABLE: str | None = None


def read_manifest(order: dict[str, Any], data: bytes, sidecar: bytes | None) -> dict[str, Any]:
    """Return the report on one file. Every fault of the file is one of few kinds."""
    try:
        with (
            c2pa.Context.from_dict(order["settings"]) as context,
            c2pa.Reader(order["media_type"], io.BytesIO(data), sidecar, context=context) as reader,
        ):
            return _summarise_store(str(reader.get_validation_state()), json.loads(reader.json()))
    except c2pa.C2paError as error:
        kind = KINDS.get(type(error).__name__)
        return {"error": kind or ("remote" if "remote manifest" in str(error) else "unreadable")}
    # A library raises any error about a foreign file. All of them mean that it is unreadable.
    except Exception:  # noqa: BLE001
        return {"error": "unreadable"}


def _summarise_store(state: str, store: dict[str, Any]) -> dict[str, Any]:
    active = str(store.get("active_manifest", ""))
    manifests: dict[str, Any] = store.get("manifests") or {}
    mine: dict[str, Any] = manifests.get(active) or {}

    return {
        "state": state,
        "active": active[:LONGEST],
        "serial": str((mine.get("signature_info") or {}).get("cert_serial_number", ""))[:LONGEST],
        "sources": sorted(
            {source[:LONGEST] for one in manifests.values() for source in _list_sources(one)}
        )[:MOST],
        "bindings": _list_bindings(mine)[:MOST],
        "ingredients": [
            str(one.get("active_manifest", ""))[:LONGEST] for one in mine.get("ingredients") or ()
        ][:MOST],
        "codes": sorted(
            {str(one.get("code", ""))[:LONGEST] for one in store.get("validation_status") or ()}
        )[:MOST],
    }


def _list_sources(manifest: dict[str, Any]) -> list[str]:
    """Return every digital source type that a manifest's actions name."""
    return [
        str(action["digitalSourceType"])
        for assertion in manifest.get("assertions") or ()
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in (assertion.get("data") or {}).get("actions") or ()
        if "digitalSourceType" in action
    ]


def _list_bindings(manifest: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "alg": str(data.get("alg", ""))[:LONGEST],
            "value": _to_base64(block.get("value"))[:LONGEST],
        }
        for assertion in manifest.get("assertions") or ()
        if str(assertion.get("label", "")).startswith("c2pa.soft-binding")
        and (data := assertion.get("data") or {})
        for block in data.get("blocks") or ()
    ]


def _to_base64(value: Any) -> str:
    """Return a binding's value in base64.

    The library shows byte strings so, but lists of numbers as they are.
    """
    if isinstance(value, list):
        try:
            return base64.b64encode(bytes(value)).decode("ascii")
        except (TypeError, ValueError):
            return ""
    return str(value or "")


def load_libraries() -> None:
    """Load the library, and let it write no log."""
    c2pa.sdk_version()
    logging.disable()


def prepare_order(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it is."""
    return order


def answer_order(order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Report on the file of one order."""
    data = source.read(order["size"])
    sidecar = source.read(order["sidecar"]) if order["sidecar"] else None

    sink.write(json.dumps(read_manifest(order, data, sidecar)).encode() + b"\n")
