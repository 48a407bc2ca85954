"""The Merkle log beneath `transparency_log.events`: entries, tree, sequencer, checkpoints, proofs,
anchors. RFC 6962, C2SP.
"""
