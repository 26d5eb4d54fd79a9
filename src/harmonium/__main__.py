"""Own ``python -m harmonium``, which is the command; know nothing of what it does."""

import sys

from harmonium.cli import main

if __name__ == "__main__":
    sys.exit(main())
