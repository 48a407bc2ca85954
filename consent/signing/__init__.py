"""Signing: the link, the pages behind it, and what a yes or a no changes."""
