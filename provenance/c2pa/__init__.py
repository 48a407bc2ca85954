"""Content Credentials (C2PA): manifests of our clips, and the reading of foreign files."""
