"""Training of the tiny model. The only file here that needs torch and transformers.

It trains over the ids in use alone. The model is to be saved with a zero row for every other id,
whose logit is then 0: one more logit, the logarithm of how many those are, makes the loss exactly
that of the whole vocabulary.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from random import Random

import torch
from torch.nn import functional
from transformers import GptOssConfig, GptOssForCausalLM

from scripts.tiny_model.examples import Example, draw_examples
from scripts.tiny_model.packing import USED, Tensor
from scripts.tiny_model.shape import VOCABULARY, config

_IGNORED = -100
_WINDOW = 20
"""Batches' worth of neighbours by length that a batch is drawn from."""


def _length(example: Example) -> int:
    return len(example.prompt) + len(example.answer)


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of the training: how long and how fast to learn."""

    steps: int = 2_000
    batch: int = 16
    rate: float = 6e-3
    warmup: float = 0.05
    examples: int = 12_000
    held_out: int = 200
    seed: int = 21


class Student:
    """Train one model over the ids that its examples use."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        random = Random(plan.seed)  # noqa: S311  (repeatable lessons, no secrets)
        self.plan = plan
        self.lessons = sorted(draw_examples(random, plan.examples), key=_length)
        self.exam = draw_examples(random, plan.held_out)
        said = [*self.lessons, *self.exam]
        self.ids = sorted({token for example in said for token in example.prompt + example.answer})
        self._row = {token: row for row, token in enumerate(self.ids)}
        settings = GptOssConfig(**config(len(self.ids)), attn_implementation="eager")
        settings.pad_token_id = settings.eos_token_id = None
        self.model = GptOssForCausalLM(settings).float()
        self._unused = math.log(VOCABULARY - len(self.ids))

    def learn(self) -> None:
        """Train as planned, saying now and then how it goes."""
        plan, start = self.plan, time.monotonic()
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        random = Random(plan.seed)  # noqa: S311
        self.model.train()
        smooth = 0.0
        for step in range(plan.steps):
            done = step / plan.steps
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * min(
                    done / plan.warmup, (1 + math.cos(math.pi * done)) / 2
                )
            loss = self._loss(self._batch(random))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            smooth += (loss.item() - smooth) / min(step + 1, 50)
            if step % 50 == 0:
                seconds = time.monotonic() - start
                sys.stdout.write(
                    f"step {step} of {plan.steps}  loss {smooth:.4f}  {seconds:.0f} s\n"
                )
                sys.stdout.flush()

    def _batch(self, random: Random) -> list[Example]:
        """Choose examples of about one length, so that little is padding."""
        size = self.plan.batch
        start = random.randrange(len(self.lessons) - _WINDOW * size)
        return random.sample(self.lessons[start : start + _WINDOW * size], size)

    def _loss(self, batch: list[Example]) -> torch.Tensor:
        inputs, wanted = self._padded(batch)
        logits = self.model(input_ids=inputs).logits
        chosen = wanted[:, 1:] != _IGNORED
        kept = logits[:, :-1][chosen]
        others = torch.full((len(kept), 1), self._unused)
        return functional.cross_entropy(torch.cat((kept, others), 1), wanted[:, 1:][chosen])

    def _padded(self, batch: list[Example]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the inputs, padded behind, and what each position should be followed by."""
        longest = max(map(_length, batch))
        inputs = torch.zeros((len(batch), longest), dtype=torch.long)
        wanted = torch.full((len(batch), longest), _IGNORED)
        for at, example in enumerate(batch):
            rows = [self._row[token] for token in example.prompt + example.answer]
            inputs[at, : len(rows)] = torch.tensor(rows)
            begin = len(example.prompt)
            wanted[at, begin : len(rows)] = inputs[at, begin : len(rows)]
        return inputs, wanted

    def examined(self) -> float:
        """Round the weights to bfloat16 and give the share of unseen turns written exactly."""
        for parameter in self.model.parameters():
            parameter.data = parameter.data.bfloat16().float()
        self.model.eval()
        with torch.no_grad():
            right = sum(self._writes(example) for example in self.exam)
        return right / len(self.exam)

    def _writes(self, example: Example) -> bool:
        """Return whether the most likely token is the right one all along an answer, and over 0."""
        inputs, wanted = self._padded([example])
        logits = self.model(input_ids=inputs).logits[0, :-1]
        best, chosen = logits.max(1)
        needed = wanted[0, 1:] != _IGNORED
        right = (chosen == wanted[0, 1:]) & (best > 0)
        return bool(right[needed].all())

    def tensors(self) -> dict[str, Tensor]:
        """Return what it learnt, to be packed."""
        ids = torch.tensor(self.ids, dtype=torch.int32)
        state = self.model.state_dict() | {USED: ids}
        return {name: _tensor(value) for name, value in sorted(state.items())}


def _tensor(value: torch.Tensor) -> Tensor:
    if value.dtype == torch.int32:
        return Tensor("I32", tuple(value.shape), value.numpy().tobytes())
    half = value.bfloat16().contiguous()
    return Tensor("BF16", tuple(value.shape), half.view(torch.int16).numpy().tobytes())
