"""Proof of the log that does not rest on us: witnesses, kept copies, time stamps; and watching any
log from outside.
"""
