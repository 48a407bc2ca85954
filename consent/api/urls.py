"""Routes of consent."""

from __future__ import annotations

from django.urls import path

from consent.api.views import (
    consent_changes,
    consents,
    decisions,
    speaker_views,
    word_lists,
)

_ONE = "v1/consents/<consent:consent_id>"

urlpatterns = [
    path("v1/speakers", speaker_views.SpeakerListView.as_view(), name="speakers"),
    path(
        "v1/speakers/<speaker:speaker_id>",
        speaker_views.SpeakerDetailView.as_view(),
        name="speaker",
    ),
    path("v1/consents", consents.ConsentListView.as_view(), name="consents"),
    path(_ONE, consents.ConsentDetailView.as_view(), name="consent"),
    path(f"{_ONE}/record", consents.ConsentRecordView.as_view(), name="consent-record"),
    path(f"{_ONE}/receipt.json", consents.ConsentReceiptView.as_view(), name="consent-receipt"),
    path(
        f"{_ONE}/receipt.pdf", consents.ConsentReceiptPdfView.as_view(), name="consent-receipt-pdf"
    ),
    path(f"{_ONE}/events", consents.ConsentEventListView.as_view(), name="consent-events"),
    path(f"{_ONE}/renew", consents.ConsentRenewalView.as_view(), name="consent-renew"),
    path(f"{_ONE}/revoke", consent_changes.ConsentRevocationView.as_view(), name="consent-revoke"),
    path(
        f"{_ONE}/suspend", consent_changes.ConsentSuspensionView.as_view(), name="consent-suspend"
    ),
    path(f"{_ONE}/resume", consent_changes.ConsentResumptionView.as_view(), name="consent-resume"),
    path(f"{_ONE}/narrow", consent_changes.ConsentNarrowingView.as_view(), name="consent-narrow"),
    path(f"{_ONE}/resend", consent_changes.ConsentResendingView.as_view(), name="consent-resend"),
    path(
        "v1/test/consents/<consent:consent_id>/sign",
        consent_changes.TestSignatureView.as_view(),
        name="test-consent-sign",
    ),
    path("v1/reasons", word_lists.ReasonListView.as_view(), name="reasons"),
    path("v1/use_cases", word_lists.UseCaseListView.as_view(), name="use-cases"),
    path("v1/channels", word_lists.ChannelListView.as_view(), name="channels"),
    path("v1/providers", word_lists.ProviderListView.as_view(), name="providers"),
    path("v1/territories", word_lists.TerritoryListView.as_view(), name="territories"),
    path("v1/labels", word_lists.LabelListView.as_view(), name="labels"),
    path("v1/notices", word_lists.NoticeListView.as_view(), name="notices"),
    path("v1/decisions", decisions.DecisionListView.as_view(), name="decisions"),
    path(
        "v1/decisions/<decision:decision_id>",
        decisions.DecisionDetailView.as_view(),
        name="decision",
    ),
]
