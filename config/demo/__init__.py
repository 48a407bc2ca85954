"""The demo: a real server, a real recording, and an HTTP client that acts as a customer."""
