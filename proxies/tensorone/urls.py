"""TensorOne's routes below `/proxy/tensorone`. What is not named here does not exist."""

from __future__ import annotations

from django.urls import path

from proxies.tensorone import tensorone_batch, tensorone_speech, tensorone_view, views

_VOICES = "v2/ai/voice-cloning"
_ONE = f"{_VOICES}/<str:voice_id>"

urlpatterns = [
    path(_VOICES, views.TensorOneCloneView.as_view(), name="tensorone-clone"),
    path(f"{_VOICES}/voices", views.TensorOneVoiceListView.as_view(), name="tensorone-voices"),
    path(
        f"{_VOICES}/batch-speak",
        tensorone_batch.TensorOneBatchView.as_view(),
        name="tensorone-batch-speak",
    ),
    path(
        f"{_VOICES}/batch/<str:batch_id>",
        tensorone_batch.TensorOneBatchStateView.as_view(),
        name="tensorone-batch",
    ),
    # Behind those that look like ids.
    path(f"{_ONE}/status", views.TensorOneStatusView.as_view(), name="tensorone-status"),
    path(f"{_ONE}/speak", tensorone_speech.TensorOneSpeechView.as_view(), name="tensorone-speak"),
    path(_ONE, views.TensorOneVoiceView.as_view(), name="tensorone-voice"),
    path(
        "audio/<str:token>",
        tensorone_speech.TensorOneAudioView.as_view(),
        name=tensorone_speech.AUDIO_ROUTE,
    ),
    path("", tensorone_view.TensorOneUnknownView.as_view(), name="tensorone-root"),
    path("<path:rest>", tensorone_view.TensorOneUnknownView.as_view(), name="tensorone-unknown"),
]
