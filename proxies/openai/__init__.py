"""OpenAI's API: voice consents, voices and speech."""
