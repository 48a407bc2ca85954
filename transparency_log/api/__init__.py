"""The public face of the log, C2SP tlog-tiles."""
