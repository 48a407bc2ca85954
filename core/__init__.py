"""The parts that every room shares: errors, ids, canonical JSON, clock, transactions, REST."""
