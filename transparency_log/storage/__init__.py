"""The storage of the log in the database."""
