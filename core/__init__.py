"""What every room shares: errors, ids, canonical JSON, clock, transactions, REST plumbing.

No models.
"""
