"""Time work in one contender's environment: a JSON request a line, an answer a line.

Stands alone: nothing is imported but the standard library, the works beside it and the
contender. Request: {"work": name, "data": [the input of each run]}. Answer: {"seconds": [of all
runs together], "outcome": digest of what was done}, or {"missing": true} for a work that nobody
wrote.

Processor time is counted, not the clock's: what else the machine does is not the contender's.
The garbage collector runs as it does for users. Several inputs in a row are what a busy process
sees: one alone would mostly tell how long a processor takes to wake up to it.
"""

import gc
import hashlib
import importlib
import json
import sys
import time


def timed(work, library, inputs):
    """Prepare `work` for each input and run it, one input after another; time the runs together."""
    seconds = 0.0
    digest = hashlib.sha256()
    outcomes = []
    gc.collect()
    for data in inputs:
        prepared = work(library, data)
        begin = time.process_time()
        found = prepared.run()
        seconds += time.process_time() - begin
        outcomes.append((prepared, found))
    for prepared, found in outcomes:
        digest.update(repr(prepared.outcome(found)).encode("utf-8", "surrogatepass"))
    return {"seconds": [seconds], "outcome": digest.hexdigest()}


def main():
    """Answer requests until stdin closes. Arguments: module of works, module of the contender."""
    library = importlib.import_module(sys.argv[2])
    works = importlib.import_module(sys.argv[1]).WORKS
    for line in sys.stdin:
        request = json.loads(line)
        work = works.get(request["work"])
        answer = timed(work, library, request["data"]) if work else {"missing": True}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
