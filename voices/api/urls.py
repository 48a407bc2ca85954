"""Routes of the voices room."""

from __future__ import annotations

from django.urls import path

from voices.api import clips, speech, voices

urlpatterns = [
    path("v1/voices", voices.Voices.as_view()),
    path("v1/voices/<str:voice_id>", voices.OneVoice.as_view()),
    path("v1/speech", speech.Speech.as_view()),
    path("v1/speech/batch", speech.SpeechBatch.as_view()),
    path("v1/jobs", speech.Jobs.as_view()),
    path("v1/jobs/<str:job_id>", speech.OneJob.as_view()),
    path("v1/clips", clips.Clips.as_view()),
    path("v1/clips/<str:clip_id>", clips.OneClip.as_view()),
    path("v1/clips/<str:clip_id>/audio", clips.ClipAudio.as_view()),
    path("v1/clips/<str:clip_id>/manifest", clips.ClipManifest.as_view()),
    path("v1/clips/<str:clip_id>/proof", clips.ClipProof.as_view()),
    path("v1/clips/<str:clip_id>/receipt", clips.ClipReceipt.as_view()),
    path("v1/clips/<str:clip_id>/opening", clips.ClipOpening.as_view()),
]
