"""ElevenLabs: instant clones, spoken in many languages."""
