"""Voices, samples, engines, the speech pipeline and its jobs."""
