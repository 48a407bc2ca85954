"""Voices, samples, engines, the speech pipeline, jobs and erasure: what is spoken, and how it
stops.
"""
