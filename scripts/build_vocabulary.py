# ruff: noqa: INP001  (a script, not a package)
"""Build the vocabulary file that the package bundles, from any copy of o200k_base.tiktoken.

    python scripts/build_vocabulary.py path/to/o200k_base.tiktoken[.gz]

Prints the digest of the file it wrote, which belongs into harmonium/tokens/bundle.py.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import sys
from pathlib import Path

from harmonium.tokens.bundle import BUNDLED, bundle_path
from harmonium.tokens.vocabulary import pack, read_tiktoken

NAME = "o200k_base"


def build(source: Path, target: Path) -> str:
    """Write the packed form of `source` to `target` and give its digest.

    Raises:
        SystemExit: `source` is not the published vocabulary.

    """
    content = source.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    digest = hashlib.sha256(content).hexdigest()
    if digest != BUNDLED[NAME].source_sha256:
        sys.exit(f"{source} is not the published {NAME}.tiktoken: its sha256 is {digest}")
    packed = pack(read_tiktoken(content))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed)
    return hashlib.sha256(packed).hexdigest()


def main() -> None:
    """Read the arguments, build, say what was built."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, help="o200k_base.tiktoken, plain or gzipped")
    parser.add_argument("--target", type=Path, default=bundle_path(NAME), help="file to write")
    arguments = parser.parse_args()
    digest = build(arguments.source, arguments.target)
    sys.stdout.write(f"{arguments.target}: sha256 {digest}\n")


if __name__ == "__main__":
    main()
