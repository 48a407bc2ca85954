"""Closed lists over REST: the words that calls and grants may say, and what each covers."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import get_caller
from consent import gate_policy
from consent.api.serializers import word_serializers
from consent.api.serializers.reason_serializers import ReasonCodeList
from consent.documents import notices
from consent.policy import change_reasons, channels, providers, territories, use_cases
from core.api.pagination import CODES_PAGE, list_codes


class ReasonListView(APIView):
    """Why something may be done."""

    scope = "consents"

    @extend_schema(
        operation_id="reasons_retrieve", parameters=list(CODES_PAGE), responses=ReasonCodeList
    )
    def get(self, request: Request) -> Response:
        """List the codes of reasons: where each applies, and to which state of a consent it
        leads.
        """
        return list_codes(request, change_reasons.CODES, ReasonCodeList)


class UseCaseListView(APIView):
    """What a voice may be used for."""

    scope = "consents"

    @extend_schema(
        operation_id="use_cases_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.UseCaseList,
    )
    def get(self, request: Request) -> Response:
        """List the use cases: what each covers, and the level that your organisation needs for
        it.
        """
        policy = get_caller(request).organisation.policy
        return list_codes(
            request,
            {code: code for code in sorted(use_cases.CODES)},
            word_serializers.UseCaseList,
            context={"raised": gate_policy.read_raised_levels(policy)},
        )


class ChannelListView(APIView):
    """The ways in which audio reaches people."""

    scope = "consents"

    @extend_schema(
        operation_id="channels_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.ChannelList,
    )
    def get(self, request: Request) -> Response:
        """List the channels."""
        codes = (channels.ANY, *sorted(channels.CHANNELS))
        return list_codes(request, {code: code for code in codes}, word_serializers.ChannelList)


class ProviderListView(APIView):
    """Who makes voices."""

    scope = "consents"

    @extend_schema(
        operation_id="providers_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.ProviderList,
    )
    def get(self, request: Request) -> Response:
        """List the providers, and what a person is told of each before they sign."""
        return list_codes(request, providers.PROVIDERS, word_serializers.ProviderList)


class TerritoryListView(APIView):
    """The places where audio may be heard."""

    scope = "consents"

    @extend_schema(
        operation_id="territories_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.TerritoryList,
    )
    def get(self, request: Request) -> Response:
        """List the territories: countries with their subdivisions, and unions with their
        members.
        """
        return list_codes(
            request,
            {code: code for code in territories.WHOLE},
            word_serializers.TerritoryList,
            context={"on": get_caller(request).now().date()},
        )


class LabelListView(APIView):
    """Kinds of content."""

    scope = "consents"

    @extend_schema(
        operation_id="labels_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.LabelList,
    )
    def get(self, request: Request) -> Response:
        """List the labels of content: what excludes each, and what a grant must allow for it."""
        codes = (*sorted(use_cases.EXCLUDABLE), use_cases.UNSURE)
        return list_codes(request, {code: code for code in codes}, word_serializers.LabelList)


class NoticeListView(APIView):
    """Texts that people are shown before they sign."""

    scope = "consents"

    @extend_schema(
        operation_id="notices_list",
        parameters=list(CODES_PAGE),
        responses=word_serializers.NoticeTextList,
    )
    def get(self, request: Request) -> Response:
        """List the notices, and the languages in which a person can be asked."""
        return list_codes(request, notices.load_newest_notices(), word_serializers.NoticeTextList)
