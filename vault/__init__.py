"""The vault: per-person keys, sealed values, encrypted blobs, signing keys, and the KMS that guards
them all.
"""
