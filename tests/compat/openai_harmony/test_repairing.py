"""Policy ``repair``: harmonium's own parser under openai_harmony's API."""

import pytest

import harmonium
from harmonium.compat import openai_harmony as library
from tests.compat.openai_harmony import streams


@pytest.fixture(autouse=True)
def _repairing():
    library.set_policy("repair")
    yield
    library.set_policy("oracle")


@pytest.fixture(scope="module")
def encoding():
    return library.load_harmony_encoding("HarmonyGptOss")


def tokens_of(text):
    return harmonium.load_encoding().encode(text, allowed_special="all")


def drawn(seed):
    cases = streams.header_streams(400, seed) + streams.content_streams(400, seed + 1)
    return [case[0] for case in cases + streams.noise_streams(400, seed + 2)]


def plain(message):
    """Write a message of either library the same way."""
    role = message.author.role.value
    content = "".join(part.text for part in message.content)
    header = (message.channel, message.recipient, message.content_type)
    return (role, message.author.name, *header, content)


def test_a_broken_call_is_repaired(encoding):
    text = "<|channel|>commentary to=functions.f<|channel|>commentary json<|message|>{}<|call|>"
    (message,) = encoding.parse_messages_from_completion_tokens(
        tokens_of(text), library.Role.ASSISTANT
    )
    assert message.recipient == "functions.f"


def test_the_messages_are_those_of_our_own_parser(encoding):
    own = harmonium.load_encoding()
    for tokens in drawn(31):
        found = encoding.parse_messages_from_completion_tokens(tokens, library.Role.ASSISTANT)
        assert [plain(message) for message in found] == [
            plain(message) for message in own.parse(tokens)
        ]


def test_no_tokens_raise_and_deltas_add_up_to_the_content(encoding):
    for tokens in drawn(34):
        parser = library.StreamableParser(encoding, library.Role.ASSISTANT)
        for token in tokens:
            shown = parser.current_content
            known = len(parser.messages)
            parser.process(token)
            if len(parser.messages) == known and parser.current_content:
                assert parser.current_content == shown + (parser.last_content_delta or "")
        parser.process_eos().process_eos()
        assert parser.tokens == tokens
        assert parser.state is library.StreamState.EXPECT_START


def test_the_accessors_follow_a_message(encoding):
    parser = library.StreamableParser(encoding, library.Role.ASSISTANT)
    seen = []
    for token in tokens_of("<|channel|>final<|message|>Hi there<|return|>"):
        parser.process(token)
        seen.append(
            (parser.state.name, parser.current_channel, parser.current_content, parser.current_role)
        )
    role = library.Role.ASSISTANT
    assert seen == [
        ("HEADER", None, "", role),
        ("HEADER", None, "", role),
        ("CONTENT", "final", "", role),
        ("CONTENT", "final", "Hi", role),
        ("CONTENT", "final", "Hi there", role),
        ("EXPECT_START", None, "", None),
    ]
    assert parser.state_data == {"state": "ExpectStart"}
    assert [message.to_dict()["content"] for message in parser.messages] == [
        [{"type": "text", "text": "Hi there"}]
    ]


def test_another_stream_may_follow_the_end(encoding):
    parser = library.StreamableParser(encoding, library.Role.ASSISTANT)
    for token in tokens_of("<|channel|>final<|message|>one"):
        parser.process(token)
    parser.process_eos()
    for token in tokens_of("<|start|>user<|message|>two<|end|>"):
        parser.process(token)
    assert [message.author.role.value for message in parser.messages] == ["assistant", "user"]


def test_ids_that_are_no_ids_still_raise(encoding):
    parser = library.StreamableParser(encoding, library.Role.ASSISTANT)
    with pytest.raises(OverflowError):
        parser.process(-1)
    with pytest.raises(TypeError):
        parser.process("x")
