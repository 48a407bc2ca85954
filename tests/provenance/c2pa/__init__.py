"""Content Credentials."""
