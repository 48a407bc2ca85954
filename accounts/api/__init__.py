"""The REST API of accounts: API keys and the test clock."""
