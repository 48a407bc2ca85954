"""The shipped verifier as a process for each bundle, forked from one that has read it already.

Starting Python and reading the program takes four times as long as checking a small bundle. The
program itself, its arguments, its output and its exit code are those of a stranger's run.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

# Runs with the standard library alone, as the verifier does.
_PARENT: Final = """
import ast, json, os, signal, sys
path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    source = file.read()
code = compile(source, path, "exec", dont_inherit=True)
for node in ast.parse(source).body:
    if isinstance(node, ast.Import):
        for name in node.names:
            __import__(name.name)
    elif isinstance(node, ast.ImportFrom):
        __import__(node.module)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
signal.alarm(120)
os.chdir(asked["folder"])
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for number, name in ((1, asked["output"]), (2, asked["errors"])):
    os.dup2(os.open(name, os.O_WRONLY), number)
sys.argv[:] = [path, *asked["arguments"]]
__file__ = path
exec(code)
"""


def run_verifier(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with these arguments in a process of its own; return what it wrote."""
    parent = _start_parent(program)
    assert parent.stdin is not None
    assert parent.stdout is not None
    with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
        asked = {
            "arguments": arguments,
            "folder": str(Path.cwd()),
            "output": output.name,
            "errors": errors.name,
        }
        parent.stdin.write(json.dumps(asked) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, code, output.read().decode(), errors.read().decode()
        )


@cache
def _start_parent(program: Path) -> subprocess.Popen[str]:
    """Start the process that has read the program; it ends with this one."""
    command = [sys.executable, "-I", "-S", "-c", _PARENT, str(program)]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_stop, parent)
    return parent


def _stop(parent: subprocess.Popen[str]) -> None:
    for stream in (parent.stdin, parent.stdout):
        if stream is not None:
            stream.close()
    parent.wait(30)
