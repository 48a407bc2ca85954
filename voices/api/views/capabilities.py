"""REST: what can be spoken, and in which formats it can be sent."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from audio import encoding
from consent.documents import plain_language
from core.api.pagination import CODES_PAGE, list_codes
from voices.api.serializers.capability_serializers import CodecList, LanguageList
from voices.speech import dispatch


class LanguageListView(APIView):
    """Languages of grants and calls."""

    scope = "speech"

    @extend_schema(
        operation_id="languages_list", parameters=list(CODES_PAGE), responses=LanguageList
    )
    def get(self, request: Request) -> Response:
        """List the languages that have a name here: what a grant for each covers, and who speaks
        it. Every other registered tag of BCP 47 is read as well.
        """
        return list_codes(
            request,
            {code: code for code in plain_language.list_named_languages()},
            LanguageList,
            context={"spoken": dispatch.list_spoken_languages(get_caller(request).principal)},
        )


class CodecListView(APIView):
    """Formats of speech."""

    scope = "speech"

    @extend_schema(operation_id="codecs_list", parameters=list(CODES_PAGE), responses=CodecList)
    def get(self, request: Request) -> Response:
        """List the codecs with their media types, sample rates and bit rates."""
        return list_codes(request, {code: code for code in encoding.CODECS}, CodecList)
