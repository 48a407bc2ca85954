"""Routes of erasures."""

from __future__ import annotations

from django.urls import path

from erasure.api import views

urlpatterns = [
    path("v1/speakers/<speaker:speaker_id>/erase", views.EraseView.as_view(), name="speaker-erase"),
    path("v1/erasures", views.ErasureListView.as_view(), name="erasures"),
    path(
        "v1/erasures/<erasure:erasure_id>",
        views.ErasureDetailView.as_view(),
        name="erasure",
    ),
    path(
        "v1/erasures/<erasure:erasure_id>/certificate",
        views.CertificateView.as_view(),
        name="erasure-certificate",
    ),
    path(
        "v1/erasures/<erasure:erasure_id>/certificate.pdf",
        views.CertificatePdfView.as_view(),
        name="erasure-certificate-pdf",
    ),
]
