"""Parts of the OpenAPI document that every API shares: which headers answers carry."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter


def describe_header(name: str, description: str, *statuses: int) -> OpenApiParameter:
    """Describe a header that answers with these statuses carry."""
    return OpenApiParameter(
        name,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=description,
        response=list(statuses),
    )
