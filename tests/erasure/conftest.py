"""Erasures are tried on the people and voices of the voices tests."""

from __future__ import annotations

from tests.voices.conftest import client, make_consent

__all__ = ["client", "make_consent"]
