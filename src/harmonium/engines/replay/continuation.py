"""Where a recorded answer continues the message that a prompt has begun.

Knows which ids part messages, and nothing of what messages say.

Theory of operation. A caller that forces a call, or a form, writes the header of a message itself
and lets the engine go on from there. A recording has whole messages. So the prompt's open message
(the ids behind its last ``<|start|>``) is looked for among the beginnings of the recorded messages;
what follows those ids in the recording is the continuation. A prompt that opens no more than the
recording's own prompt did is continued by the whole recording.
"""

from __future__ import annotations

from collections.abc import Sequence

from harmonium.tokens import FormatTokens


def find_continuation(
    recorded_prompt: Sequence[int], ids: Sequence[int], prompt: Sequence[int], form: FormatTokens
) -> int | None:
    """Return how many recorded ids come before what continues a prompt.

    Args:
        recorded_prompt: the prompt that was recorded.
        ids: what was generated behind it.
        prompt: the prompt to continue.
        form: which ids part messages.

    Returns:
        0 for the whole recording; None when no recorded message begins as the prompt's last does.

    """
    begun = _open_message(prompt, form)
    if len(begun) <= 1:  # the role alone, as every prompt ends that asks for an answer
        return 0
    recorded = _open_message(recorded_prompt, form) or begun[:1]
    if begun == recorded:
        return 0
    whole = (*recorded, *ids)
    starts = [place + 1 for place, token in enumerate(whole) if token == form.start]
    for place in (0, *starts):
        end = place + len(begun)
        if end >= len(recorded) and whole[place:end] == begun:
            return end - len(recorded)
    return None


def _open_message(prompt: Sequence[int], form: FormatTokens) -> tuple[int, ...]:
    """Return what follows the last start token, where no message has ended since."""
    ids = tuple(prompt)
    if form.start not in ids:
        return ()
    begun = ids[len(ids) - ids[::-1].index(form.start) :]
    return () if form.stop & set(begun) else begun
