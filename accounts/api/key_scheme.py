"""Tells the OpenAPI document how to log in: the API key in the `Authorization` header."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library's registration hook
    """`Authorization: Bearer sayso_…`."""

    target_class = "accounts.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - the library's signature
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sayso_live_… or sayso_test_…"}
