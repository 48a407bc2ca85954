"""Audio as bytes and as samples: recognising containers, decoding foreign files in a limited child,
encoding output.
"""
