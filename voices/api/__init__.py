"""REST of the voices room: voices, speech, jobs, clips, erasures."""
