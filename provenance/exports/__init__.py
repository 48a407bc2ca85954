"""Evidence bundles: what an auditor or a voice owner takes away, and the program that checks it."""
