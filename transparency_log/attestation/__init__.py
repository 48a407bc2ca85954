"""Attestations of the log by third parties: witnesses, copies, time stamps."""
