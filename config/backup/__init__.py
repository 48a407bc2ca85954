"""Backup and restore: everything but keys, anchors and tombstones, which guard against the backup
and lie elsewhere.
"""
