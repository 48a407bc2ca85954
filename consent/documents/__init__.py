"""What a person reads and signs: notices, plain words, the signed record, and the account of
processing.
"""
