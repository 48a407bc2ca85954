"""Child processes that work on foreign bytes, and can do nothing else.

`template_client.Sandbox` is what the service uses. It keeps one *template* process for each
program, which has loaded the program's libraries once and never sees a foreign byte. For each order
the template forks a child. The child takes its own limits, gives up every system call that it does
not need (`confinement`), reads one order, answers and ends. Nothing of an order reaches the next.

`template` and what it loads run in the child's interpreter. They know nothing of the service and
use the standard library alone.
"""
