"""REST: the C2PA Soft Binding Resolution API, open to all callers. It leads from a clip that has
lost its manifest back to the manifest.

Names and shapes are those of the published OpenAPI document. Asking by reference is left out, as it
would make this service fetch addresses that strangers name. Errors are problem documents with the
statuses that it lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import KeyAuthentication
from core.api.openapi import OPTIONAL_KEY
from core.errors import AddressTooLong, Malformed, NotFound, TooLarge
from provenance.api.askers import identify_asker
from provenance.api.serializers.soft_binding_serializers import (
    AlgorithmsSerializer,
    BindingFormSerializer,
    MatchesSerializer,
)
from provenance.c2pa import manifest, signing_authority
from provenance.verification import manifest_lookup
from provenance.verification.manifest_lookup import Match

MOST: Final = 100
LONGEST_VALUE: Final = 4096
_ALG: Final = OpenApiParameter(
    "alg", OpenApiTypes.STR, description="The name of a soft binding algorithm."
)
_MOST: Final = OpenApiParameter(
    "maxResults",
    {"type": "integer", "minimum": 1, "default": 10},
    description="How many matches at most.",
)


class RawParser(BaseParser):
    """Reads a body of sound as it comes, into memory, under the upload limit. Raises TooLarge."""

    media_type = "audio/*"

    def parse(  # type: ignore[override]  # the stubs know forms alone
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> bytes:
        """Return the bytes of the body.

        Raises TooLarge.
        """
        data: bytes = stream.read(settings.SAYSO_MAX_UPLOAD_BYTES + 1)
        if len(data) > settings.SAYSO_MAX_UPLOAD_BYTES:
            raise TooLarge(f"A file is over {settings.SAYSO_MAX_UPLOAD_BYTES} bytes.")
        return data


class RawBytesParser(RawParser):
    """Reads a body of bytes whose format the sender does not name, as RawParser does."""

    media_type = "application/octet-stream"


class AnonymousView(APIView):
    """A route for all callers, with a rate limit by address, or by the key of who sends one."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = ()
    counted_as = "c2pa"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the request before anything else.

        Raises Unauthenticated, RateLimited.
        """
        self.organisation_id, self.address = identify_asker(request, kind=self.counted_as)
        super().initial(request, *args, **kwargs)


class MatchesByBindingView(AnonymousView):
    """Manifests of a soft binding."""

    @extend_schema(
        operation_id="c2pa_query_by_binding",
        parameters=[
            OpenApiParameter(
                "alg", OpenApiTypes.STR, required=True, description="The algorithm's name."
            ),
            OpenApiParameter(
                "value",
                OpenApiTypes.STR,
                required=True,
                description="The binding's value in base64.",
            ),
            _MOST,
        ],
        responses={200: MatchesSerializer, 400: None, 414: None},
        auth=OPTIONAL_KEY,
    )
    def get(self, request: Request) -> Response:
        """Find manifests by a soft binding. `value` is base64."""
        asked = _read_query(request, {"alg", "value", "maxResults"})
        if len(asked.get("value", "")) > LONGEST_VALUE:
            raise AddressTooLong(
                f"A `value` of over {LONGEST_VALUE} characters goes into the body of a POST."
            )
        # A plus sign that was not escaped reads as a blank.
        value = _read_required(asked, "value").replace(" ", "+")
        return _answer_matches(
            manifest_lookup.find_by_binding(
                _read_required(asked, "alg"), value, limit=_read_max_results(asked)
            )
        )

    @extend_schema(
        operation_id="c2pa_query_by_binding_in_body",
        parameters=[_MOST],
        request=BindingFormSerializer,
        responses={200: MatchesSerializer, 400: None},
        auth=OPTIONAL_KEY,
    )
    def post(self, request: Request) -> Response:
        """Find manifests by a soft binding that is too long for an address."""
        most = _read_max_results(_read_query(request, {"maxResults"}))
        return _answer_matches(
            manifest_lookup.find_by_binding(
                _read_required(request.data, "alg"),
                _read_required(request.data, "value"),
                limit=most,
            )
        )


class MatchesByContentView(AnonymousView):
    """Manifests of a sound."""

    parser_classes = (RawParser, RawBytesParser)
    body_limit = settings.SAYSO_MAX_UPLOAD_BYTES

    @extend_schema(
        operation_id="c2pa_query_by_content",
        parameters=[
            _ALG,
            _MOST,
            OpenApiParameter(
                "hintAlg", OpenApiTypes.STR, description="Taken and not needed: the sound decides."
            ),
            OpenApiParameter("hintValue", OpenApiTypes.STR, description="As `hintAlg`."),
        ],
        request={"audio/*": OpenApiTypes.BINARY, "application/octet-stream": OpenApiTypes.BINARY},
        responses={200: MatchesSerializer, 400: None, 415: None},
        auth=OPTIONAL_KEY,
    )
    def post(self, request: Request) -> Response:
        """Find manifests by the watermark in a sound, then by similar sounds.

        The upload is not kept.
        """
        asked = _read_query(request, {"alg", "maxResults", "hintAlg", "hintValue"})
        body: object = request.data  # of an empty body the framework makes an empty form
        data = body if isinstance(body, bytes) else b""
        return _answer_matches(
            manifest_lookup.find_by_content(
                data,
                algorithm=asked.get("alg"),
                limit=_read_max_results(asked),
                organisation_id=self.organisation_id,
                address=self.address,
            )
        )


class ManifestView(AnonymousView):
    """A manifest."""

    @extend_schema(
        operation_id="c2pa_get_manifest",
        parameters=[
            OpenApiParameter(
                "returnActiveManifest",
                {"type": "boolean", "default": False},
                description="Leave its ingredients' out.",
            )
        ],
        responses={(200, "application/c2pa"): OpenApiTypes.BINARY, 400: None, 404: None},
        auth=OPTIONAL_KEY,
    )
    # The published name.
    def get(self, request: Request, manifestId: str) -> HttpResponse:  # noqa: N803
        """Return a manifest store by the id of its active manifest."""
        asked = _read_query(request, {"returnActiveManifest"}).get("returnActiveManifest", "false")
        if asked not in {"true", "false"}:
            raise Malformed("`returnActiveManifest` is true or false.")
        found = manifest_lookup.get_manifest_store(manifestId, active_only=asked == "true")
        return HttpResponse(found, content_type="application/c2pa")


class SupportedAlgorithmsView(AnonymousView):
    """What can be asked for."""

    @extend_schema(
        operation_id="c2pa_supported_algorithms", responses=AlgorithmsSerializer, auth=OPTIONAL_KEY
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - the framework's signature
        """Name the soft binding algorithms of this service."""
        known = {"watermarks": [{"alg": manifest.ALGORITHM}], "fingerprints": []}
        return Response(AlgorithmsSerializer(known).data)


@require_safe
# A view's signature.
def show_root_certificates(_request: HttpRequest) -> HttpResponse:
    """Return the root certificates under which manifests are signed, as PEM. A reader that loads
    them can trust our clips offline.
    """
    found = signing_authority.get_trust_anchors()
    if not found:
        raise NotFound("Nothing has been signed here yet.")
    return HttpResponse(found, content_type="application/x-pem-file")


def _answer_matches(found: Iterable[Match]) -> Response:
    return Response(MatchesSerializer({"matches": found}).data)


def _read_query(request: Request, known: set[str]) -> dict[str, str]:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise Malformed(f"There is no parameter “{unknown[0][:50]}”.")
    return {name: str(text) for name, text in request.query_params.items()}


def _read_required(asked: Mapping[str, Any], name: str) -> str:
    text = asked.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_VALUE:
        raise Malformed(f"`{name}` is missing or is no text of 1 to {LONGEST_VALUE} characters.")
    return text


def _read_max_results(asked: Mapping[str, str]) -> int:
    text = asked.get("maxResults", "10")
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) >= 1:
        return min(int(text), MOST)
    raise Malformed("`maxResults` is a whole number from 1.")
