"""The client that reaches providers: real servers on loopback."""
