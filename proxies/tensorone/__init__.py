"""TensorOne's API: voices that train, speech at an address of ours, batches as jobs."""
