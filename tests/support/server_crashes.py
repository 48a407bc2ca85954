"""`python -m tests.support.server_crashes FOLDER PORT…`: embedded servers that are there again at
once when they are killed.

One process sets Django up and forks the servers, so that a new one serves within a fraction of a
second. It writes the process id of each to FOLDER/PORT.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
import uvicorn


def main(folder: Path, ports: list[int]) -> None:
    """Fork a server for every port; fork another whenever one ends.

    Goes on until it is killed itself.
    """
    django.setup()
    import engine  # noqa: PLC0415 - as above
    from config.asgi import application  # noqa: PLC0415 - only once Django is set up

    engine.list_languages()  # the self-test of the engine, once for all of them
    serving: dict[int, int] = {}

    def start(port: int) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                uvicorn.run(application.application, port=port, log_config=None, access_log=False)
            finally:
                os._exit(1)
        serving[pid] = port
        aside = folder / f"{port}.new"
        aside.write_text(str(pid), encoding="ascii")
        aside.replace(folder / str(port))

    for port in ports:
        start(port)
    while True:
        pid, _ = os.wait()
        start(serving.pop(pid))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]])
