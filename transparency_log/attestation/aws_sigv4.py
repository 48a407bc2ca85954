"""Requests signed with AWS Signature Version 4, for S3 and compatible stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Sign = Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]


class NotInstalled(ImportError):
    """The extra `objects` is not installed."""


def build_signer(*, access_key: str, secret_key: str, region: str) -> Sign:
    """Return a function that signs a request: method, URL, headers and body to the headers to send.

    The hash of the body is part of the signature. botocore, from the extra `objects`, signs.
    Nothing else of it is used.

    Raises NotInstalled.
    """
    try:
        # Optional, and 8 MB of memory that other installations do not need.
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - optional, see above
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above
        from botocore.credentials import Credentials  # noqa: PLC0415 - as above
    except ImportError as error:
        raise NotInstalled("signed requests to an object store need the extra: objects") from error

    signature = S3SigV4Auth(Credentials(access_key, secret_key), "s3", region)

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
        signature.add_auth(request)

        return dict(request.headers.items())

    return sign
