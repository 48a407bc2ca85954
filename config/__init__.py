"""Settings, addresses, tasks and problem documents: the package that wires all others."""

import os

# Each process of ours imports this package before it writes anything. What it writes is for its own
# user only: the data folder holds the database, the anchors, key files and the logs of a server.
os.umask(0o077)
