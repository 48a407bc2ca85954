"""The Merkle log beneath `provenance.log`: entries, tree, sequencer, checkpoints, proofs, anchors. RFC 6962, C2SP."""
