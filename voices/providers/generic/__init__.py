"""A provider of two steps, clone and speak, whose paths and fields its account describes."""
