"""Requests for a cosignature of one witness (C2SP tlog-witness, `add-checkpoint`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, Refused, Unavailable
from transparency_log.attestation.http_client import HttpAnswer, HttpClient
from transparency_log.formats import cosignature, signed_note
from transparency_log.formats.cosignature import Cosignature, Witness

logger = logging.getLogger(__name__)
Proof = Callable[[int, int], Sequence[bytes]]


class WitnessAhead(Conflict):
    """The witness has cosigned more of this log than we have, or another tree of this size. Either
    the log was forked, or a restored backup goes on under the old name. An operator must look.
    """

    code = "witness_disagrees"


class WitnessRefuses(Refused):
    """The witness does not know this log (404), does not trust its keys (403) or finds the proof
    false (422).
    """

    code = "witness_refuses"


class WitnessIncompatible(Unavailable):
    """The witness answers outside the protocol, or it lags behind another client's call."""

    code = "witness_unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a cosignature.

    `note` is the published checkpoint, `text` what it signs, `size` its tree size. `known` is the
    size that the witness holds, as far as we know.
    """

    note: str
    text: str
    size: int
    known: int


def prepare_request(note: str, *, size: int, known: int) -> Request:
    """Return the request for a published checkpoint."""
    return Request(
        note=note, text=signed_note.split_note(note)[0], size=size, known=min(known, size)
    )


def request_cosignature(
    witness: Witness, request: Request, *, proof: Proof, at: datetime, wire: HttpClient
) -> Cosignature:
    """Return the witness's verified cosignature on the checkpoint.

    A conflict (409) names the size that the witness holds. The witness is asked once more from
    that size.

    Raises WitnessAhead, WitnessRefuses, WitnessIncompatible, CosignatureRefused,
    AttestorUnavailable.
    """
    old = request.known
    answer = _add_checkpoint(wire, request, old=old, proof=proof)

    if answer.status == 409:
        old = _judge_conflict(
            cosignature.parse_size(answer.body), request, sent=old, witness=witness
        )
        answer = _add_checkpoint(wire, request, old=old, proof=proof)

    if answer.status == 409:
        _judge_conflict(cosignature.parse_size(answer.body), request, sent=old, witness=witness)
        raise WitnessIncompatible("The witness cannot decide what it has cosigned.")

    if answer.status == 200:
        return cosignature.read_cosignature(answer.body, text=request.text, key=witness.key, at=at)

    if answer.status in {403, 404, 422}:
        raise WitnessRefuses(
            f"The witness refuses this checkpoint ({answer.status}).", code=_CODES[answer.status]
        )

    raise WitnessIncompatible(f"The witness answers {answer.status}.")


_CODES = {
    403: "witness_distrusts_key",
    404: "witness_knows_no_such_log",
    422: "witness_refuses_proof",
}


def _judge_conflict(held: int, request: Request, *, sent: int, witness: Witness) -> int:
    """Return the size that a conflict names, if it is possible to go on from it.

    Raises WitnessAhead, WitnessIncompatible.
    """
    if held > request.size:
        raise WitnessAhead(
            "A witness has cosigned more of this log than was published.",
            facts={"held": held, "size": request.size},
        )

    if held == sent == request.size:
        raise WitnessAhead(
            "A witness has cosigned another tree of this size.", facts={"held": held}
        )

    if held == sent:
        raise WitnessIncompatible("The witness finds a conflict where there is none.")

    if held < request.known:
        # The witness forgot what it had cosigned. That is its fault and no fork of ours. The proof
        # from there still binds it.
        logger.warning(
            "witness went back",
            extra={"witness": witness.key.name, "held": held, "known": request.known},
        )

    return held


def _add_checkpoint(wire: HttpClient, request: Request, *, old: int, proof: Proof) -> HttpAnswer:
    steps = proof(old, request.size) if 0 < old < request.size else ()

    return wire.call(
        "POST",
        "/add-checkpoint",
        body=cosignature.build_request(old=old, proof=steps, note=request.note),
    )
