"""Wiring: settings, urls, tasks, problem documents. Imports everybody; nobody imports it."""

import os

# Every process of ours imports this package before it writes anything: what it writes is for its
# own user alone. The database, anchors, key files and logs of a server lie in the data folder.
os.umask(0o077)
