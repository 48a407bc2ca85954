"""`make bench`: run each measurement in its own process, and print a table for each.

`python -m bench decision log` runs those two. The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from typing import Final

from tests.support import servers

# The measurements, and whether each needs PostgreSQL. The numbers of the log and of exports are
# promised on it.
MEASUREMENTS: Final = {
    "decision": False,
    "watermark": False,
    "hour": False,
    "audiowmark": False,
    "sandbox": False,
    "texts": False,
    "text_language": False,
    "codecs": False,
    "short_lines": False,
    "c2pa": False,
    "engine": False,
    "fingerprint": False,
    "verify": False,
    "key_ranking": False,
    "memory": False,
    "voice_likeness": False,
    "speaker_band": False,
    "speech": True,
    "queries": True,
    "stream": True,
    "batch": True,
    "gateway": True,
    "remote_streams": True,
    "log": True,
    "export": True,
}


def main() -> int:
    """Run the chosen measurements one after the other."""
    # Nothing else should run on the machine.
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", choices=[[], *MEASUREMENTS])
    chosen = parser.parse_args().names or list(MEASUREMENTS)
    return max(_measure(name) for name in chosen)


def _measure(name: str) -> int:
    print(f"\n## {name}\n", flush=True)
    began = time.monotonic()

    with (
        tempfile.TemporaryDirectory(prefix="sayso-bench-") as folder,
        servers.postgresql() as found,
    ):
        environment = {
            **os.environ,
            "SAYSO_DATA_DIR": folder,
            "SAYSO_LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("DATABASE_URL", None)
        environment.pop("REDIS_URL", None)

        if MEASUREMENTS[name]:
            if found is None:
                print("not measured: no PostgreSQL found", flush=True)
                return 1
            environment |= {"DATABASE_URL": found.url, "SAYSO_DEVELOPMENT": "yes"}

        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], env=environment, check=False)

    print(f"\n{time.monotonic() - began:.0f} s", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
