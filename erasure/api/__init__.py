"""The REST API of erasures: ask, look how far one is, fetch its certificate."""
