"""What several threads gain: the same work done by one thread, then shared by all of them.

Stands alone; runs once. Reads {"texts": [...], "conversations": [...], "completions": [...],
"threads": n} from stdin; prints JSON: kind of work -> how many times as fast, by the clock.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import own

import harmonium

TRIES = 5


def gain(make, threads):
    """Return the time of one thread divided by that of `threads`, the best of some tries of each.

    ``make(share)`` gives the work of one thread out of `share`; new for every try, so that no
    cache makes the second cheaper.
    """
    return best(make, 1) / best(make, threads)


def best(make, threads):
    found = []
    for _ in range(TRIES):
        jobs = [make(place, threads) for place in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: None, range(threads)))  # the threads are there
            begin = time.perf_counter()
            for done in [pool.submit(job) for job in jobs]:
                done.result()
            found.append(time.perf_counter() - begin)
    return min(found)


def each(function, items):
    """Do something with every item."""
    for item in items:
        function(item)


def main():
    """Measure and tell."""
    data = json.load(sys.stdin)
    encoding = harmonium.load_encoding()
    salt = iter(range(10**9))

    def fresh(texts):
        return [f"{text} {next(salt)}" for text in texts]

    def encodes(place, share):
        return partial(each, encoding.encode_ordinary, fresh(data["texts"][place::share]))

    def renders(place, share):
        said = data["conversations"][place::share]
        for item in said:
            for message in item["messages"]:
                message["text"] += f" {next(salt)}"
        built = [own.conversation(harmonium, item) for item in said]
        return partial(each, encoding.render, built)

    def parses(place, share):
        return partial(each, encoding.parse, data["completions"][place::share])

    works = {"encode": encodes, "render": renders, "parse": parses}
    encoding.encode("ready")
    gains = {name: gain(make, data["threads"]) for name, make in works.items()}
    sys.stdout.write(json.dumps({"gains": gains, "cores": len(os.sched_getaffinity(0))}) + "\n")


if __name__ == "__main__":
    main()
