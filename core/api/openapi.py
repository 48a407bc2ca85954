"""Parts of the OpenAPI document that every room's API shares: how lists are paged, and which
headers answers carry.
"""

from __future__ import annotations

from typing import Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

PAGE: Final = (
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        description="How many objects a page has.",
    ),
    OpenApiParameter("after", OpenApiTypes.STR, description="The `last_id` of the page before."),
)
"""The parameters of a list that `core.api.requests.render_page` answers."""


def describe_header(name: str, description: str, *statuses: int) -> OpenApiParameter:
    """Describe a header that answers with these statuses carry."""
    return OpenApiParameter(
        name,
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=description,
        response=list(statuses),
    )
