"""Tells the OpenAPI document how to log in: the API key in the `Authorization` header."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


# The library's registration hook.
class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer sayso_…`."""

    target_class = "accounts.authentication.KeyAuthentication"
    name = "apiKey"

    # The library's signature.
    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sayso_live_… or sayso_test_…"}
