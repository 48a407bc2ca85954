"""Organisations, members with roles, API keys, rate limits: who is calling and what they may
touch.
"""
