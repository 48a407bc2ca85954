"""What a text contains, by the endpoint that an organisation has set for that."""
