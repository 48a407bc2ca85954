"""Where provenance is mounted."""

from __future__ import annotations

from django.urls import path

from provenance.api import exports, soft_binding_api, verify

urlpatterns = [
    path("c2pa/root.pem", soft_binding_api.show_root_certificates),
    path("c2pa/matches/byBinding", soft_binding_api.ByBinding.as_view()),
    path("c2pa/matches/byContent", soft_binding_api.ByContent.as_view()),
    path("c2pa/manifests/<str:manifestId>", soft_binding_api.Manifest.as_view()),
    path("c2pa/services/supportedAlgorithms", soft_binding_api.SupportedAlgorithms.as_view()),
    path("v1/verify", verify.Verify.as_view()),
    path("v1/verify/batch", verify.VerifyBatch.as_view()),
    path("v1/exports", exports.Exports.as_view()),
    path("v1/exports/<str:export_id>", exports.OneExport.as_view()),
    path("v1/exports/<str:export_id>/download", exports.ExportDownload.as_view()),
]
