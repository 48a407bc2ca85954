"""Requests signed as Amazon's S3 and its likes want them (AWS Signature Version 4), the body's hash
included.

botocore signs; nothing else of it is used. It is in the extra `objects`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Sign = Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]


class NotInstalled(ImportError):
    """The extra `objects` is not installed."""


def build_signer(*, access_key: str, secret_key: str, region: str) -> Sign:
    """Give what signs a request (method, URL, headers, body): the headers to send.

    Raises NotInstalled.
    """
    try:
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - optional, and 8 MB that others need not hold
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
