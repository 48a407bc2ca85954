"""Content Credentials (C2PA): manifests in or beside every clip, reading those of foreign files,
finding lost ones.
"""
