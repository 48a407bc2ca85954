"""Child programs that work on foreign bytes, limited in memory, time and output."""
