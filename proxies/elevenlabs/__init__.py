"""ElevenLabs' API: clone, list, change, speak and stream."""
