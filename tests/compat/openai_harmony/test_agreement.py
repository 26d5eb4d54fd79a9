"""Differential tests: this room and the library it equals, on thousands of seeded cases."""

import pytest

from harmonium import load_encoding
from harmonium.compat import openai_harmony
from tests.compat.openai_harmony import conversations, streams, texts
from tests.compat.openai_harmony.agreement import DIFFERENCES, disagreements


@pytest.fixture(params=["oss", "legacy"])
def oracle(request):
    return request.getfixturevalue(f"oracle_{request.param}")


@pytest.fixture(scope="module")
def rendered():
    """Token lists of conversations without faults."""
    encoding = openai_harmony.load_harmony_encoding("HarmonyGptOss")
    text = openai_harmony.Message.from_role_and_content
    roles = list(openai_harmony.Role)[:4]
    chats = [
        [
            text(role, words).with_channel(channel).with_recipient(recipient)
            for role, channel in zip(roles, ["analysis", "commentary", None, "final"], strict=True)
        ]
        for words in conversations.TEXTS
        for recipient in (None, "functions.f", "all")
    ]
    make = openai_harmony.Conversation.from_messages
    return [encoding.render_conversation(make(chat)) for chat in chats]


def test_headers_of_any_words_parse_alike_and_show_the_same_after_each_token(oracle):
    cases = streams.header_streams(3000, seed=11)
    assert disagreements(oracle, "probes_parse", "stream", cases) == []


def test_broken_characters_and_unknown_ids_in_content_parse_alike(oracle):
    cases = streams.content_streams(3000, seed=12)
    assert disagreements(oracle, "probes_parse", "stream", cases) == []


def test_noise_parses_alike(oracle):
    cases = streams.noise_streams(3000, seed=13)
    assert disagreements(oracle, "probes_parse", "stream", cases) == []


def test_mutated_conversations_parse_alike(oracle, rendered):
    cases = streams.mutated_streams(1500, 14, rendered)
    assert disagreements(oracle, "probes_parse", "stream", cases) == []


def test_whole_completions_parse_alike(oracle, rendered):
    drawn = streams.header_streams(1500, seed=15) + streams.mutated_streams(1500, 16, rendered)
    cases = [case[:3] for case in drawn]
    assert disagreements(oracle, "probes_parse", "completion", cases) == []


def test_header_words_of_every_script_are_quoted_alike(oracle):
    encode = load_encoding().encode_ordinary
    words = [f"{name}{chr(code)} b c" for name, code in quoted_characters()]
    cases = [[[*encode(word), 200008], "assistant", True] for word in words]
    assert disagreements(oracle, "probes_parse", "completion", cases) == []


def quoted_characters():
    """Characters of old Unicode under any name; of new Unicode under a name of their own."""
    old = [*range(0x21, 0x600), *range(0x900, 0xC00), *range(0x2000, 0x2070), 0x1F600, 0xE0020]
    return [("x", code) for code in old] + [("newer ", code) for code in (0xC5C, 0x1B4E, 0x2FFC)]


def test_generated_conversations_render_alike_in_every_way(oracle):
    cases = conversations.conversations(1500, seed=21)
    assert disagreements(oracle, "probes_api", "conversation", cases) == []


def test_generated_messages_render_alike(oracle):
    cases = conversations.single_messages(2000, seed=22)
    assert disagreements(oracle, "probes_api", "single", cases) == []


def test_generated_conversations_are_written_and_read_back_alike(oracle):
    cases = [[chat] for chat, _ in conversations.conversations(1000, seed=23)]
    assert disagreements(oracle, "probes_api", "model", cases) == []


def test_anything_assigned_anywhere_renders_or_fails_alike(oracle):
    single = [[message, None] for message in conversations.odd_messages()]
    plain = {"role": "user", "content": [["text", "q"]]}
    whole = [[[plain, message], None] for message in conversations.odd_messages()]
    assert disagreements(oracle, "probes_api", "single", single) == []
    assert disagreements(oracle, "probes_api", "conversation", whole) == []


def test_anything_assigned_anywhere_is_written_alike(oracle):
    cases = [[[message]] for message in conversations.odd_messages()]
    assert disagreements(oracle, "probes_api", "model", cases) == []


def test_json_broken_anywhere_is_refused_in_the_same_words(oracle):
    cases = texts.broken_texts(6000, seed=24)
    assert disagreements(oracle, "probes_api", "from_json", cases) == []


def test_dicts_are_read_or_refused_alike(oracle):
    assert disagreements(oracle, "probes_api", "from_dict", texts.DICTS) == []


def test_constructors_accept_and_refuse_alike(oracle):
    assert disagreements(oracle, "probes_api", "construct", texts.FIELDS) == []


def test_every_corner_of_the_python_api_answers_alike(oracle):
    cases = [[expression] for expression in texts.EXPRESSIONS]
    assert disagreements(oracle, "probes_api", "evaluate", cases) == []


def test_encoding_and_decoding_answer_alike(oracle):
    cases = texts.ENCODES + texts.DECODES + texts.SPECIAL_QUERIES
    assert disagreements(oracle, "probes_api", "call", cases) == []


def test_every_name_has_the_same_signature_fields_and_defaults(oracle):
    assert disagreements(oracle, "probes_api", "surface", [[]]) == []


def test_import_star_gives_the_same_names(oracle):
    assert disagreements(oracle, "probes_api", "exported", [[]]) == []


def test_the_compiled_module_has_the_same_names_members_and_parameters(oracle):
    names = oracle.ask("probes_api", "compiled", [[]])[0]["ok"]
    cases = [[name, member] for name, members in names.items() for member in as_names(members)]
    assert len(cases) > 20
    assert disagreements(oracle, "probes_api", "compiled_member", cases) == []


def as_names(members):
    return list(members) if isinstance(members, dict) else [None]


def test_every_known_difference_has_a_reason():
    assert all(entry["reason"].strip() and entry["oracles"] for entry in DIFFERENCES)
