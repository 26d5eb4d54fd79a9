"""Load a contender from nothing and say what that cost. Stands alone; runs once a process.

Arguments: the contender's module and what it must be ready for (``encode`` or ``parse``). Prints
JSON: seconds by the clock from the first import to the first result, and the process's peak
memory in bytes (None where the system does not tell).
"""

import importlib
import json
import re
import sys
import time
from pathlib import Path

ANSWER = [200005, 17196, 200008, 12194, 200002]


def ready(name, purpose):
    """Import, load, and do the first bit of work."""
    library = importlib.import_module(name)
    if name == "harmonium":
        encoding = library.load_encoding()
        return encoding.encode("Hello") if purpose == "encode" else encoding.parse(ANSWER)
    encoding = library.load_harmony_encoding("HarmonyGptOss")
    if purpose == "encode":
        return encoding.encode("Hello")
    return encoding.parse_messages_from_completion_tokens(ANSWER, library.Role.ASSISTANT)


def peak_memory():
    """Return the largest resident size so far. ru_maxrss would count what the parent had too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def main():
    """Do it and tell."""
    begin = time.perf_counter()
    found = ready(sys.argv[1], sys.argv[2])
    seconds = time.perf_counter() - begin
    told = {"seconds": seconds, "memory": peak_memory(), "found": len(found)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
