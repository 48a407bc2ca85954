"""One adapter for all engines that a short declaration describes, and their declarations."""
