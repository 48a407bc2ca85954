"""Audio as bytes and as samples: containers, decoding of foreign files, encoding of output."""
