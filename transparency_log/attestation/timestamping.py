"""RFC 3161 time stamps over published checkpoints: the request, and everything that is checked
about the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.base import HashAlgorithm
from rfc3161_client.errors import VerificationError

from core.errors import Refused
from transparency_log.attestation.http_client import AttestorUnavailable, HttpClient
from transparency_log.formats import der

_QUERY: Final = "application/timestamp-query"
_MOST: Final = 2**17
# What an authority's clock may lag behind ours before its stamp says that the log was signed later
# than stamped.
LAG: Final = timedelta(minutes=10)


class StampRefused(Refused):
    """A time stamp that does not say what it should: other bytes, another nonce, a false or unknown
    chain, no time.
    """

    code = "stamp_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A verified stamp: the exact DER of request and response, and the time that the authority
    vouches for.
    """

    request: bytes
    response: bytes
    at: datetime


def request_timestamp(data: bytes, *, roots: bytes, wire: HttpClient) -> Stamp:
    """Have these bytes stamped, with a nonce and the authority's certificates.

    Raises StampRefused, OutsiderAway.
    """
    wanted = (
        TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    )
    request = wanted.cert_request(cert_request=True).build()
    answer = wire.call(
        "POST", body=request.as_bytes(), headers={"Content-Type": _QUERY}, most=_MOST
    )
    if answer.status != 200:
        raise AttestorUnavailable(
            "The time-stamping authority does not answer.", facts={"status": answer.status}
        )
    nonce = request.nonce
    if nonce is None:
        raise StampRefused("The request was made without a nonce.")
    at = verify_timestamp(answer.body, data=data, nonce=nonce, roots=roots)
    return Stamp(request=request.as_bytes(), response=answer.body, at=at)


def verify_timestamp(response: bytes, *, data: bytes, nonce: int | None, roots: bytes) -> datetime:
    """Check status, chain at the stamped time, nonce, purpose of the certificate and the hash; give
    the stamped time.

    `roots` is PEM. With `nonce` None the nonce is not compared. Raises StampRefused.
    """
    try:
        token = decode_timestamp_response(der.sort_certificates(response))
        # The token's own certificates complete the chain; they are never handed over as if we
        # trusted them.
        builder = VerifierBuilder(roots=x509.load_pem_x509_certificates(roots))
        if nonce is not None:
            builder = builder.nonce(nonce)
        builder.build().verify_message(token, data)
    except (VerificationError, ValueError) as error:
        raise StampRefused("The time stamp does not hold.") from error
    return token.tst_info.gen_time.astimezone(UTC)


def verify_kept_timestamp(
    request: bytes, response: bytes, *, data: bytes, signed_at: datetime, roots: bytes
) -> datetime:
    """Check a stamp that was kept, years later if need be, and that it is no earlier than what it
    stamps.
    """
    try:
        nonce = der.read_request_nonce(request)
    except der.NotDer as error:
        raise StampRefused("The request of this time stamp cannot be read.") from error
    at = verify_timestamp(response, data=data, nonce=nonce, roots=roots)
    if at < signed_at - LAG:
        raise StampRefused("The time stamp is earlier than what it stamps.")
    return at
