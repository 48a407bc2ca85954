"""The canary: an account is tried with the service's own voices before anyone's is sent there."""
