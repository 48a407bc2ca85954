"""Routes of provenance: the C2PA Soft Binding Resolution API, verification, exports."""

from __future__ import annotations

from django.urls import path

from provenance.api.views import exports, soft_binding_api, verify_uploads

urlpatterns = [
    path("c2pa/root.pem", soft_binding_api.show_root_certificates, name="c2pa-root"),
    path(
        "c2pa/matches/byBinding",
        soft_binding_api.MatchesByBindingView.as_view(),
        name="c2pa-matches-by-binding",
    ),
    path(
        "c2pa/matches/byContent",
        soft_binding_api.MatchesByContentView.as_view(),
        name="c2pa-matches-by-content",
    ),
    path(
        "c2pa/manifests/<str:manifestId>",
        soft_binding_api.ManifestView.as_view(),
        name="c2pa-manifest",
    ),
    path(
        "c2pa/services/supportedAlgorithms",
        soft_binding_api.SupportedAlgorithmsView.as_view(),
        name="c2pa-supported-algorithms",
    ),
    path("v1/verify", verify_uploads.VerifyView.as_view(), name="api-verify"),
    path("v1/verify/batch", verify_uploads.VerifyBatchView.as_view(), name="api-verify-batch"),
    path("v1/exports", exports.ExportListView.as_view(), name="exports"),
    path("v1/exports/<export:export_id>", exports.ExportDetailView.as_view(), name="export"),
    path(
        "v1/exports/<export:export_id>/download",
        exports.ExportDownloadView.as_view(),
        name="export-download",
    ),
]
