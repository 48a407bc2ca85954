"""The one HTTP client by which adapters reach their providers, and the rules of where it goes."""
