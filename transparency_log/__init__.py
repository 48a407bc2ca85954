"""The transparency log: entries, tree, sequencer, checkpoints, proofs and anchors.

Standards: RFC 6962, C2SP tlog-tiles, tlog-checkpoint, tlog-proof and tlog-witness.
"""
