"""Clips: from the reserved row to the issued clip, its watermark, its log entry and its receipt."""
