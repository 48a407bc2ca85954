"""Routes of voices, speech, jobs and clips."""

from __future__ import annotations

from django.urls import path

from voices.api.views import (
    capabilities,
    clips,
    jobs,
    moderation_views,
    provider_account_views,
    speech,
    statements,
    task_views,
    voices,
)

urlpatterns = [
    path("v1/voices", voices.VoiceListView.as_view(), name="voices"),
    path("v1/voices/<voice:voice_id>", voices.VoiceDetailView.as_view(), name="voice"),
    path(
        "v1/provider_accounts",
        provider_account_views.ProviderAccountListView.as_view(),
        name="provider-accounts",
    ),
    path(
        "v1/provider_accounts/<provider_account:account_id>",
        provider_account_views.ProviderAccountDetailView.as_view(),
        name="provider-account",
    ),
    path(
        "v1/provider_accounts/<provider_account:account_id>/canary",
        provider_account_views.ProviderAccountCanaryView.as_view(),
        name="provider-account-canary",
    ),
    path("v1/provider_tasks", task_views.ProviderTaskListView.as_view(), name="provider-tasks"),
    path(
        "v1/provider_tasks/<provider_task:task_id>",
        task_views.ProviderTaskDetailView.as_view(),
        name="provider-task",
    ),
    path(
        "v1/provider_tasks/<provider_task:task_id>/done",
        task_views.ProviderTaskDoneView.as_view(),
        name="provider-task-done",
    ),
    path(
        "v1/moderation_endpoint",
        moderation_views.ModerationEndpointView.as_view(),
        name="moderation-endpoint",
    ),
    path(
        "v1/consents/<consent:consent_id>/statements",
        statements.StatementListView.as_view(),
        name="consent-statements",
    ),
    path(
        "v1/statements/<statement:statement_id>",
        statements.StatementDetailView.as_view(),
        name="statement",
    ),
    path("v1/languages", capabilities.LanguageListView.as_view(), name="languages"),
    path("v1/codecs", capabilities.CodecListView.as_view(), name="codecs"),
    path("v1/speech", speech.SpeechView.as_view(), name="speech"),
    path("v1/speech/batch", speech.SpeechBatchView.as_view(), name="speech-batch"),
    path("v1/jobs", jobs.JobListView.as_view(), name="jobs"),
    path("v1/jobs/<job:job_id>", jobs.JobDetailView.as_view(), name="job"),
    path("v1/jobs/<job:job_id>/cancel", jobs.JobCancellationView.as_view(), name="job-cancel"),
    path("v1/jobs/<job:job_id>/results", jobs.JobResultsView.as_view(), name="job-results"),
    path("v1/clips", clips.ClipListView.as_view(), name="clips"),
    path("v1/clips/<clip:clip_id>", clips.ClipDetailView.as_view(), name="clip"),
    path("v1/clips/<clip:clip_id>/audio", clips.ClipAudioView.as_view(), name="clip-audio"),
    path(
        "v1/clips/<clip:clip_id>/manifest", clips.ClipManifestView.as_view(), name="clip-manifest"
    ),
    path("v1/clips/<clip:clip_id>/proof", clips.ClipProofView.as_view(), name="clip-proof"),
    path("v1/clips/<clip:clip_id>/receipt", clips.ClipReceiptView.as_view(), name="clip-receipt"),
    path("v1/clips/<clip:clip_id>/opening", clips.ClipOpeningView.as_view(), name="clip-opening"),
]
