#!/usr/bin/env python3
"""Django's command line for Sayso.

A database that is not ready is one line, no traceback (`--traceback` shows it).
"""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

from config.command_output import outlive_readers

if __name__ == "__main__":
    outlive_readers()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        said = str(error).strip().partition("\n")[0]
        sys.exit(
            f"sayso: the database is not ready ({said}); is it there, and was `manage.py migrate` "
            "run?"
        )
