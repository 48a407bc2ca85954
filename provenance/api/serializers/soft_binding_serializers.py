"""The C2PA Soft Binding Resolution API: its form and its answers, in the published names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.serializers import OutputSerializer, Rendered
from provenance.verification.manifest_lookup import Match


class BindingFormSerializer(serializers.Serializer[Any]):
    """A soft binding."""

    # For the document alone: the published API wants 400 for each fault, so the view reads it.
    alg = serializers.CharField()
    value = serializers.CharField(help_text="Base64, in the form of the algorithm.")


class MatchSerializer(OutputSerializer[Match]):
    """A manifest that may be the one sought. The score shows how similar the sounds are, where the
    manifest is found by sound alone.
    """

    manifestId = serializers.CharField(source="manifest_id")  # noqa: N815 - the published name
    similarityScore = serializers.IntegerField(  # noqa: N815 - as above
        min_value=0, max_value=100, required=False, source="score"
    )

    def to_representation(self, instance: Match) -> Rendered:
        """Return the match, without a score where there is none."""
        answer = super().to_representation(instance)
        return {name: value for name, value in answer.items() if value is not None}


class MatchesSerializer(OutputSerializer[Mapping[str, Any]]):
    """The matches, best first."""

    matches = MatchSerializer(many=True)


class AlgorithmSerializer(OutputSerializer[Mapping[str, str]]):
    """An algorithm by its name."""

    alg = serializers.CharField()


class AlgorithmsSerializer(OutputSerializer[Mapping[str, Any]]):
    """The algorithms of this service."""

    watermarks = AlgorithmSerializer(many=True)
    fingerprints = AlgorithmSerializer(many=True)
