"""TensorOne: voices that it trains, speech that it names by an address, 90 days of keeping."""
