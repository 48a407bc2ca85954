"""Django's engine for PostgreSQL with a bound on every wait."""
