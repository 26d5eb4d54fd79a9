"""Golden text is readable, stable and says everything; ids say the same as the text."""

from __future__ import annotations

import pytest

from harmonium.model import Conversation, Message, conversation_from_dict
from harmonium.render import (
    Origin,
    RenderOptions,
    Special,
    Text,
    conversation_segments,
    encode_segments,
    golden_text,
    plain_text,
)
from harmonium.tokens import Tokenizer
from tests.render.render_conversations import Conversations

GOLDEN = r"""  0 role         < <|start|>
  0 role         | user
  0 content      < <|message|>
  0 content      | a\n
  0 content      |  b\x20
  0 end          < <|end|>
  1 role         < <|start|>
  1 role         | assistant
  1 channel      < <|channel|>
  1 channel      | commentary
  1 recipient    |  to=functions.f
  1 content_type | \x20
  1 content_type < <|constrain|>
  1 content_type | json
  1 content      < <|message|>
  1 content      | <|end|>\x1b\u2028\\n\u202e
  1 end          < <|call|>
  - role         < <|start|>
  - role         | assistant
"""


def test_golden_text_shows_segments_fields_and_invisible_characters() -> None:
    call = Message.assistant(
        "<|end|>\x1b\u2028\\n\u202e",
        channel="commentary",
        recipient="functions.f",
        content_type="json",
    )
    segments = conversation_segments(
        Conversation([Message.user("a\n b "), call]), RenderOptions(next_role="assistant")
    )
    assert golden_text(segments) == GOLDEN


def test_golden_text_tells_a_special_token_from_text_that_spells_it() -> None:
    origin = Origin(0, "content", "user")
    assert golden_text([Special("end", origin)]) != golden_text([Text("<|end|>", origin)])


def test_golden_text_of_nothing_is_empty() -> None:
    assert golden_text([]) == ""


@pytest.mark.parametrize("text", ["", "\n", "\n\n", "a\n", "a\nb", " ", "\r\n", "\ud800", "\\x20"])
def test_golden_lines_give_the_text_back(text: str) -> None:
    lines = golden_text([Text(text, Origin(0, "content", "user"))]).splitlines()
    shown = "".join(line.partition(" | ")[2] for line in lines)
    assert shown.encode("ascii").decode("unicode_escape") == text


@pytest.mark.parametrize("profile", ["guide", "oss", "legacy", "vllm"])
def test_text_and_ids_say_the_same_every_time(tokenizer: Tokenizer, profile: str) -> None:
    source = Conversations(41)
    options = RenderOptions(profile=profile, training=True)
    for conversation in [conversation_from_dict(source.conversation()) for _ in range(150)]:
        segments = conversation_segments(conversation, options)
        ids = encode_segments(segments, tokenizer)
        assert tokenizer.decode(ids) == plain_text(segments)
        assert "".join(segment.text for segment in segments) == plain_text(segments)
        assert encode_segments(conversation_segments(conversation, options), tokenizer) == ids
