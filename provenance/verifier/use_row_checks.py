"""Facts about decisions, clips, voices and erasures, from the log."""

from __future__ import annotations

from provenance.verifier.consent_row_checks import Facts, hash_canonical
from provenance.verifier.entry_checks import get_refs
from provenance.verifier.log_history import Past, parse_milliseconds

# The members of a decision's body that are not part of the request.
BESIDE_THE_ASK = {
    "preview", "reasons", "reasons_sha256", "epoch", "record_sha256", "policy_version",
    "expires_at", "actor", "speaker",
}  # fmt: skip


def derive_decision_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a decision. Kind and refs are in the open, the rest in its body."""
    event = past.last(row["id"], "decision.allowed", "decision.denied")
    if event is None:
        return {}

    refs = get_refs(event.entry)
    facts: Facts = {
        "id": refs.get("decision"),
        "allowed": event.kind == "decision.allowed",
        "created_at": event.at,
    }

    facts |= {
        "consent": refs.get("consent"),
        "grant": refs.get("grant"),
        "voice": refs.get("voice"),
    }

    body = event.body
    if body is None:
        return facts

    facts |= {name: body[name] for name in ("preview", "epoch", "policy_version", "actor")}
    facts["record_sha256"] = body["record_sha256"] or None
    facts["ask"] = {name: value for name, value in body.items() if name not in BESIDE_THE_ASK}
    if "reasons_sha256" in body:
        facts["reasons"] = (
            row["reasons"]
            if hash_canonical(row["reasons"]) == body["reasons_sha256"]
            else body["reasons"]
        )
        facts["expires_at"] = parse_milliseconds(body["expires_at"])

    return facts


def derive_clip_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a clip: what was committed to at issue, and a withdrawal."""
    event = past.last(row["id"], "clip.issued")
    if event is None:
        return {}

    refs = get_refs(event.entry)
    facts: Facts = {
        "id": refs.get("clip"),
        "consent": refs.get("consent"),
        "decision": refs.get("decision"),
    }
    facts |= {"event": event.entry["id"], "issued_at": event.at}

    gone = past.last(row["id"], "clip.withdrawn")
    body = event.body
    # Erased: the entry says no more, and the row is no longer linked to its person.
    if body is None:
        return {**facts, "state": "erased", "voice": None}

    facts |= {"state": "withdrawn" if gone else "issued", "ended_at": gone.at if gone else None}
    test = not past.bundle.manifest["livemode"]
    # Deleted with the test data that it was part of.
    if test and row["state"] == "erased" and not row["voice"]:
        facts = {name: value for name, value in facts.items() if name not in ("state", "ended_at")}
    else:
        facts["voice"] = body["voice"] or None

    same = (
        "grant", "record_sha256", "policy_version", "provider", "language", "use_case",
        "characters", "sha256", "sha256_provider", "sha256_pcm", "media_type", "duration_ms",
    )  # fmt: skip
    facts |= {name: body[name] for name in same}
    # Older entries lack these.
    later = ("codec", "padded_ms", "mark_reason")
    facts |= {name: body[name] for name in later if name in body}
    facts |= {"size": body["bytes"], **_derive_mark_facts(body)}
    if "created_at" in body:
        facts["created_at"] = parse_milliseconds(body["created_at"])

    return facts


def _derive_mark_facts(body: Facts) -> Facts:
    mark = body["mark"]
    c2pa = body["c2pa"]
    facts: Facts = {
        "scheme": mark["scheme"] if mark else None,
        "manifest_id": c2pa["manifest"] if c2pa else None,
        "manifest_sha256": (c2pa["sha256"] or None) if c2pa else None,
    }
    if c2pa:
        facts["manifest_mode"] = c2pa["mode"]
    if mark:
        facts |= {name: mark[name] for name in ("epoch", "token", "score_milli", "margin_milli_db")}
        facts |= {"self_checks": mark["checks"], "second_marks": mark.get("second_marks", [])}

    return facts


def derive_voice_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a voice, once it is ready, failed or deleted."""
    last = past.last(row["id"], "voice.ready", "voice.failed", "voice.deleted")
    if last is None:
        unheard = past.holds_all() and row["state"] in ("ready", "expired", "failed", "deleted")
        return {"state": "that of a voice which the log does not know"} if unheard else {}

    made = past.last(row["id"], "voice.ready")
    gone = past.last(row["id"], "voice.deleted")
    facts: Facts = {
        "id": row["id"],
        "consent": last.entry["refs"].get("consent"),
        "ready_at": made.at if made else None,
    }
    facts["deleted_at"] = gone.at if gone else None

    # A voice in these states is being deleted: there is no event yet.
    if row["state"] not in ("revoking", "expired") or gone:
        facts["state"] = last.kind.partition(".")[2]
        if last.body is not None:
            facts["code"] = last.body.get("code") or None

    body = made.body if made else None
    if body is not None:
        facts |= {
            name: body[name] for name in ("speaker", "provider", "language", "use_case", "decision")
        }
        for name in ("created_at", "provider_expires_at"):
            if name in body:
                facts[name] = parse_milliseconds(body[name])

    return facts


def derive_sample_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of a sample, by its place among those that a voice was made from."""
    made = past.last(row["voice"], "voice.ready")
    if made is None or made.body is None:
        return {}

    samples, place = made.body["samples"], row["position"]
    here = samples[place] if isinstance(place, int) and 0 <= place < len(samples) else None

    return {"sha256": here, "voice": row["voice"], "position": place}


def derive_erasure_facts(row: Facts, past: Past) -> Facts:
    """Return what is known of an erasure: start, completion and certificate."""
    begun = past.last(row["id"], "erasure.started")
    done = past.last(row["id"], "erasure.completed")
    if begun is None:
        return {}

    facts: Facts = {
        "id": row["id"],
        "created_at": begun.at,
        "completed_at": done.at if done else None,
    }

    if done:
        facts |= {
            "state": "completed",
            "certificate_sha256": done.body["certificate"] if done.body else None,
        }
    else:
        facts["certificate_sha256"] = None
        facts["state"] = row["state"] if row["state"] != "completed" else None

    if begun.body is not None:
        facts |= {name: begun.body[name] for name in ("speaker", "reason", "actor")}
        if "answer_by" in begun.body:
            facts["answer_by"] = parse_milliseconds(begun.body["answer_by"])

    return facts
