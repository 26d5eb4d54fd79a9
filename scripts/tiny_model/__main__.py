"""The commands of the tiny model: train, unpack."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from scripts.tiny_model import packing, shape


def train(target: Path, steps: int) -> None:
    """Train a model, examine it, pack it."""
    from scripts.tiny_model.training import Plan, Student  # noqa: PLC0415  (needs torch)

    student = Student(Plan(steps=steps))
    student.learn()
    share = student.examined()
    packed = packing.pack(student.tensors())
    target.write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    sys.stdout.write(f"{share:.1%} of unseen turns right\n")
    sys.stdout.write(f"{target}: {len(packed):,} bytes, sha256 {digest}\n")


def unpack(folder: Path, packed: Path | None = None) -> None:
    """Write packed weights, the committed ones unless told otherwise, as a model folder."""
    from scripts.tiny_model.tokenizer_files import write_tokenizer  # noqa: PLC0415  (slow)

    tensors = packing.unpack(packed.read_bytes()) if packed else packing.committed()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"config.json": shape.config(), "generation_config.json": shape.generation_config()}
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content, indent=1), "utf-8")
    write_tokenizer(folder)
    with (folder / "model.safetensors").open("wb") as file:
        file.writelines(packing.safetensors(packing.whole(tensors)))


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="tiny_model", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    teach = commands.add_parser("train", help="train and pack (needs torch and transformers)")
    teach.add_argument("target", type=Path)
    teach.add_argument("--steps", type=int, default=2_000)
    write = commands.add_parser("unpack", help="write the weights as a model folder")
    write.add_argument("folder", type=Path)
    write.add_argument("--packed", type=Path, help="another file than the committed one")
    arguments = vars(parser.parse_args())
    {"train": train, "unpack": unpack}[arguments.pop("command")](**arguments)


if __name__ == "__main__":
    main()
