"""The packed form of the tiny model's weights, and how it is unpacked.

Packed: the tensors of a model over the ids in use alone, as one safetensors file, its bytes
sorted into low and high halves (the high halves of bfloat16 repeat, so that they compress), under
xz. Written out: the same tensors with the embedding and the output layer over the whole
vocabulary, zero where an id is not in use. Needs the standard library alone.

A safetensors file is a header's length (8 bytes, little end first), a JSON header that names each
tensor's type, shape and place, and the tensors' bytes.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from scripts.tiny_model.shape import VOCABULARY

PACKED = Path(__file__).parents[2] / "tests" / "data" / "tiny_gpt_oss.xz"
"""The committed weights."""

PACKED_SHA256 = "3741d1864fe8720f1cdb075a295ed67c0129d3684e822ac61daabf9008175076"
"""Digest of the committed file; `train` prints that of a new one."""

USED = "ids_in_use"
"""Name of the tensor (int32) that says which id each row of the packed vocabulary stands for."""

BY_ID = ("model.embed_tokens.weight", "lm_head.weight")
"""Tensors with one row an id."""

_LENGTH_BYTES = 8
_BYTES = {"BF16": 2, "I32": 4}


class Tensor(NamedTuple):
    """A tensor: its type as safetensors spells it, its shape, its bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the packed form of tensors; `USED` must be among them."""
    plain = b"".join(safetensors(tensors))
    halves = plain[::2] + plain[1::2]
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6 | lzma.PRESET_EXTREME, "lc": 4}]
    return lzma.compress(halves, filters=filters)


def unpack(packed: bytes) -> dict[str, Tensor]:
    """Return the tensors of the packed form, rows of unused ids still left out."""
    halves = lzma.decompress(packed)
    middle = (len(halves) + 1) // 2
    plain = bytearray(len(halves))
    plain[::2], plain[1::2] = halves[:middle], halves[middle:]
    length = int.from_bytes(plain[:_LENGTH_BYTES], "little")
    header = json.loads(plain[_LENGTH_BYTES : _LENGTH_BYTES + length])
    body = bytes(plain[_LENGTH_BYTES + length :])
    return {
        name: Tensor(about["dtype"], tuple(about["shape"]), body[slice(*about["data_offsets"])])
        for name, about in header.items()
        if name != "__metadata__"
    }


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a model's tensors with a row for every id of the vocabulary.

    Raises:
        ValueError: a tensor by id has not as many rows as there are ids in use.

    """
    data = memoryview(tensors[USED].data).cast("i")
    out = {name: tensor for name, tensor in tensors.items() if name not in {USED, *BY_ID}}
    for name in BY_ID:
        out[name] = _spread(tensors[name], data.tolist())
    return out


def _spread(tensor: Tensor, ids: list[int]) -> Tensor:
    rows, width = tensor.shape
    if rows != len(ids):
        message = f"{rows} rows for {len(ids)} ids; the packed file is damaged"
        raise ValueError(message)
    size = width * _BYTES[tensor.dtype]
    out = bytearray(VOCABULARY * size)
    for row, token in enumerate(ids):
        out[token * size : (token + 1) * size] = tensor.data[row * size : (row + 1) * size]
    return Tensor(tensor.dtype, (VOCABULARY, width), bytes(out))


def safetensors(tensors: Mapping[str, Tensor]) -> Iterator[bytes]:
    """Return the parts of a safetensors file that holds these tensors, in order."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        start, end = end, end + len(tensor.data)
        about = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": (start, end)}
        header[name] = about
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    yield len(text).to_bytes(_LENGTH_BYTES, "little")
    yield text
    for tensor in tensors.values():
        yield tensor.data


def committed() -> dict[str, Tensor]:
    """Read the committed weights, their digest checked.

    Raises:
        ValueError: the file is not the one this module knows.

    """
    packed = PACKED.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != PACKED_SHA256:
        message = f"{PACKED.name}: its sha256 is {digest}, not {PACKED_SHA256}"
        raise ValueError(message)
    return unpack(packed)
