"""Running programs of ours on foreign bytes: limited in memory, time and output."""
