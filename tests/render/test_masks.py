"""Token masks: exactly what an assistant produced."""

from __future__ import annotations

import pytest

from harmonium.errors import InvalidInputError, VocabularyError
from harmonium.model import Conversation, Message, conversation_from_dict
from harmonium.render import (
    RenderOptions,
    Special,
    conversation_segments,
    encode_segments,
    plain_text,
    produced_segments,
    token_mask,
)
from harmonium.tokens import Tokenizer
from tests.render.render_conversations import Conversations

TURN = Conversation(
    [
        Message.user("2+2?"),
        Message.assistant("Easy.", channel="analysis"),
        Message.assistant("{}", channel="commentary", recipient="functions.f", content_type="json"),
        Message.tool("functions.f", "4"),
        Message.assistant("It is 4.", channel="final"),
    ]
)
TRAINING = RenderOptions(training=True, history="keep")


def produced(conversation: Conversation, channels: set[str | None] | None = None) -> str:
    segments = conversation_segments(conversation, TRAINING)
    mask = produced_segments(segments, channels)
    return plain_text(segment for segment, made in zip(segments, mask, strict=True) if made)


def test_all_the_assistant_said_counts_and_nothing_else() -> None:
    assert produced(TURN) == (
        "<|channel|>analysis<|message|>Easy.<|end|>"
        "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json"
        "<|message|>{}<|call|>"
        "<|channel|>final<|message|>It is 4.<|return|>"
    )


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("analysis", "<|channel|>analysis<|message|>Easy.<|end|>"),
        ("final", "<|channel|>final<|message|>It is 4.<|return|>"),
        (None, ""),
    ],
)
def test_one_channel_counts(channel: str | None, text: str) -> None:
    assert produced(TURN, {channel}) == text


def test_none_stands_for_messages_without_a_channel() -> None:
    conversation = Conversation([Message.user("q"), Message.assistant("a")])
    assert produced(conversation, {None}) == "<|message|>a<|end|>"


def test_the_first_words_of_a_conversation_are_not_the_assistants_own() -> None:
    conversation = Conversation([Message.assistant("a", channel="final")])
    assert produced(conversation) == "<|channel|>final<|message|>a<|return|>"


def test_the_prompt_of_the_next_message_does_not_count() -> None:
    segments = conversation_segments(
        Conversation([Message.assistant("a")]), RenderOptions(next_role="assistant")
    )
    assert produced_segments(segments)[-2:] == [False, False]


def test_nobody_but_the_assistant_counts() -> None:
    conversation = Conversation([Message.user("q"), Message.system(), Message.developer("d")])
    assert produced(conversation) == ""


def test_the_mask_of_tokens_follows_the_segments(tokenizer: Tokenizer) -> None:
    segments = conversation_segments(TURN, TRAINING)
    masked = token_mask(segments, tokenizer, channels={"final"})
    assert masked.ids == encode_segments(segments, tokenizer)
    assert len(masked.mask) == len(masked.ids)
    counted = [token for token, made in zip(*masked, strict=True) if made]
    assert tokenizer.decode(counted) == produced(TURN, {"final"})


def test_masks_of_channels_add_up_to_the_whole(tokenizer: Tokenizer) -> None:
    source = Conversations(31)
    for conversation in [conversation_from_dict(source.conversation()) for _ in range(200)]:
        segments = conversation_segments(conversation, TRAINING)
        channels = {message.channel for message in conversation}
        parts = [token_mask(segments, tokenizer, channels={name}).mask for name in channels]
        whole = token_mask(segments, tokenizer).mask
        assert [sum(column) for column in zip(*parts, strict=True)] == [int(made) for made in whole]


def test_a_bare_string_of_channels_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="collection"):
        produced_segments([], "final")


def test_an_encoding_without_harmony_tokens_is_an_error() -> None:
    class Plain:
        format = None

        def encode_ordinary(self, text: str) -> list[int]:
            return [ord(character) for character in text]

    with pytest.raises(VocabularyError) as caught:
        encode_segments(conversation_segments(TURN), Plain())
    assert caught.value.code == "no_format_tokens"


def test_every_message_ends_with_one_special_segment() -> None:
    segments = conversation_segments(TURN, TRAINING)
    ends = [s for s in segments if isinstance(s, Special) and s.origin.field == "end"]
    assert [end.name for end in ends] == ["end", "end", "call", "end", "return_"]
