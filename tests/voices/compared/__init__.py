"""Voices that are compared with other people's."""
