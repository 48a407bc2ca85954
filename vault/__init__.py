"""The vault: keys of each subject, sealed values, encrypted blobs, signing keys, and the KMS."""
