"""Backup and restore of everything but keys, anchors and tombstones.

Those three guard against the backup, so they are kept elsewhere.
"""
