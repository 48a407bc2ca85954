"""Kinds of answers that the edge treats in their own way."""

from __future__ import annotations

from rest_framework.response import Response


class SecretResponse(Response):
    """An answer with something in it that is shown once, such as a key.

    It is never kept for a retry.
    """
