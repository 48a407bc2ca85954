"""Routes of erasures."""

from __future__ import annotations

from django.urls import path

from erasure.api import views

urlpatterns = [
    path("v1/speakers/<str:speaker_id>/erase", views.Erase.as_view()),
    path("v1/erasures", views.ErasureCollection.as_view()),
    path("v1/erasures/<str:erasure_id>", views.ErasureDetail.as_view()),
    path("v1/erasures/<str:erasure_id>/certificate", views.Certificate.as_view()),
    path("v1/erasures/<str:erasure_id>/certificate.pdf", views.CertificatePdf.as_view()),
]
