"""Organisations, members with roles, API keys and rate limits."""
