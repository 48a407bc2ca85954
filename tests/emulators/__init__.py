"""Emulators of providers on the loopback: strict about their contracts, and faulty on demand."""
