"""Watermark, clip hashes, the Merkle log, checkpoints, audit bundles and the verify page: what can
be proven.
"""
