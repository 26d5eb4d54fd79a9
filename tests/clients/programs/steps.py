"""What every client program does with its steps: run each, for each API, and print what came of it.

Owns the form of the report; knows no client and no server.
"""

import asyncio
import inspect
import json
import sys
import traceback

from weather import forget_calls


def report(*steps, apis=("chat", "responses")):
    """Print {api: {step's name: what ``step(api)`` gave}} as JSON, as the last line."""
    with asyncio.Runner() as runner:
        told = {api: {step.__name__: _outcome(step, api, runner) for step in steps} for api in apis}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


def raised(error, status=None):
    """Return what a user sees of an exception: its class, its status, its text."""
    return {"class": type(error).__name__, "status": status, "message": str(error)}


def _outcome(step, api, runner):
    forget_calls()
    try:
        made = step(api)
        return runner.run(made) if inspect.iscoroutine(made) else made
    except Exception:  # noqa: BLE001  (it is told, and the test fails of it)
        return {"failed": traceback.format_exc()}
