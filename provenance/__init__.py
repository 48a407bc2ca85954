"""Clips with their marks, hashes, manifests and receipts, exports, and the verify page."""
