"""RFC 3161 time stamps over published checkpoints: the request, and the checks of the answer."""

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
_MAX_BYTES: Final = 2**17
# An authority's clock may be so far behind ours. A stamp that is older than the checkpoint by more
# is refused.
LAG: Final = timedelta(minutes=10)


class StampRefused(Refused):
    """A time stamp is refused: other bytes, another nonce, a false or unknown chain, or no time."""

    code = "stamp_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A verified time stamp: the exact DER of request and response, and the stamped time."""

    request: bytes
    response: bytes
    at: datetime


def request_timestamp(data: bytes, *, roots: bytes, wire: HttpClient) -> Stamp:
    """Request a time stamp over `data`, verify it and return it.

    The request holds a nonce and asks for the authority's certificates.

    Raises StampRefused, AttestorUnavailable.
    """
    wanted = (
        TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    )
    request = wanted.cert_request(cert_request=True).build()

    answer = wire.call(
        "POST", body=request.as_bytes(), headers={"Content-Type": _QUERY}, max_bytes=_MAX_BYTES
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
    """Verify a time stamp and return the stamped time.

    Checks the status, the certificate chain at the stamped time, the nonce, the purpose of the
    certificate and the hash of `data`. `roots` is PEM. With `nonce` None the nonce is not compared.

    Raises StampRefused.
    """
    try:
        token = decode_timestamp_response(der.sort_certificates(response))
        # The token's own certificates complete the chain. They are never added to the roots.

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
    """Verify a stored time stamp, possibly years later, and return the stamped time.

    The stamp must not be earlier than `signed_at`, the time of what it stamps.

    Raises StampRefused.
    """
    try:
        nonce = der.read_request_nonce(request)
    except der.NotDer as error:
        raise StampRefused("The request of this time stamp cannot be read.") from error

    at = verify_timestamp(response, data=data, nonce=nonce, roots=roots)
    if at < signed_at - LAG:
        raise StampRefused("The time stamp is earlier than what it stamps.")

    return at
