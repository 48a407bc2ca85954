"""How the log lies in the database."""
