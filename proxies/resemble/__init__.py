"""Resemble's API: voices, their recordings, clips, direct and streamed speech."""
