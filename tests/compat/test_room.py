"""What this room promises beyond equality: cheap polling, no JSON on the way, choices, install."""

import subprocess
import sys
import types

import pytest

import harmonium
import harmonium.compat
from harmonium.compat import openai_harmony as library
from tests.growth import grows_linearly


@pytest.fixture(scope="module")
def encoding():
    return library.load_harmony_encoding("HarmonyGptOss")


def tokens_of(text):
    return harmonium.load_encoding().encode(text, allowed_special="all")


# ---- polling


def poll(encoding, tokens):
    """Ask a parser everything after each token."""
    parser = library.StreamableParser(encoding, None)
    for token in tokens:
        parser.process(token)
        assert parser.state
        assert parser.tokens
        len(parser.current_content)
        len(parser.messages)
        parser.state_data.get("header_tokens")
        parser.state_data.get("content_tokens")


FAMILIES = {
    "long content": lambda count: tokens_of("<|start|>user<|message|>") + [15339] * count,
    "long header": lambda count: tokens_of("<|start|>user") + [15339] * count,
    "many messages": lambda count: tokens_of("<|start|>user<|message|>a<|end|>") * (count // 5),
    "many channels": lambda count: tokens_of(
        f"<|start|>user{'<|channel|>a' * (count // 2)}<|message|>"
    ),
    "white space": lambda count: [200006, 1428, 64, *[220] * count, 65, 200008],
    "broken characters": lambda count: tokens_of("<|start|>user<|message|>") + [165] * count,
    "ill-formed runs": lambda count: tokens_of("<|start|>user<|message|>") + ill_formed(count),
    "unknown ids": lambda count: tokens_of("<|start|>user<|message|>") + [201_089] * count,
}


def ill_formed(count):
    """The token whose bytes hold the most ill-formed sequences, many times."""
    table = harmonium.load_encoding().tokenizer.table
    worst = max(range(200_000 - 2), key=lambda token: faults(table[token]))
    assert faults(table[worst]) > 1
    return [worst] * count


def faults(piece):
    return 0 if piece.isascii() else piece.decode(errors="replace").count("\ufffd")


@pytest.mark.parametrize("family", FAMILIES)
def test_polling_after_every_token_stays_linear(encoding, family):
    tokens = {size: FAMILIES[family](size) for size in (15_000, 30_000)}
    assert grows_linearly(lambda size: poll(encoding, tokens[size]), 15_000)


def test_answers_that_are_kept_do_not_change(encoding):
    parser = library.StreamableParser(encoding, None)
    kept = []
    for token in tokens_of("<|start|>user<|message|>a b c<|end|><|start|>user<|message|>d<|end|>"):
        parser.process(token)
        kept.append((parser.tokens, parser.messages, parser.state_data, parser.current_content))
    assert [len(tokens) for tokens, *_ in kept] == list(range(1, len(kept) + 1))
    assert [len(messages) for _, messages, *_ in kept] == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
    assert kept[4][2]["content_tokens"] == tokens_of("a b")
    assert kept[5][3] == "a b c"


def test_a_changed_answer_changes_no_other(encoding):
    parser = library.StreamableParser(encoding, None)
    for token in tokens_of("<|start|>user<|message|>a<|end|>"):
        parser.process(token)
    parser.messages.clear()
    parser.tokens.append(5)
    assert len(parser.messages) == 1
    assert parser.tokens == tokens_of("<|start|>user<|message|>a<|end|>")


@pytest.mark.parametrize("place", range(5))
def test_a_number_that_only_equals_an_id_is_refused_wherever_it_stands(encoding, place):
    ids = tokens_of("<|channel|>final<|message|>a<|return|>")
    parse = encoding.parse_messages_from_completion_tokens
    assert parse(ids, library.Role.ASSISTANT)[0].channel == "final"
    ids[place] = float(ids[place])
    with pytest.raises(TypeError):
        parse(ids, library.Role.ASSISTANT)


# ---- rendering


def weather():
    tool = library.ToolDescription.new("f", "d", {"type": "object", "properties": {"a": {}}})
    system = library.SystemContent.new().with_browser_tool()
    developer = library.DeveloperContent.new().with_function_tools([tool])
    make = library.Message.from_role_and_content
    return library.Conversation.from_messages(
        [
            make(library.Role.SYSTEM, system),
            make(library.Role.DEVELOPER, developer),
            make(library.Role.USER, "Weather in 東京?"),
        ]
    )


def test_rendering_does_not_go_through_json(encoding, monkeypatch):
    chat = weather()
    expected = encoding.render_conversation(chat)

    def refuse(_self):
        pytest.fail("rendered through JSON")

    for kind in (library.Conversation, library.Message):
        monkeypatch.setattr(kind, "to_json", refuse)
        monkeypatch.setattr(kind, "to_dict", refuse)
    assert encoding.render_conversation(chat) == expected
    assert encoding.render_conversation_for_training(chat) == expected
    completion = encoding.render_conversation_for_completion(chat, library.Role.ASSISTANT)
    assert completion[: len(expected)] == expected
    assert encoding.render(chat.messages[2])


def test_contents_of_a_users_own_class_are_rendered_through_their_to_dict(encoding):
    class Shouted(library.TextContent):
        def to_dict(self):
            return {"type": "text", "text": self.text.upper()}

    message = library.Message.from_role_and_content(library.Role.USER, Shouted(text="hey"))
    assert encoding.decode(encoding.render(message)) == "<|start|>user<|message|>HEY<|end|>"


def test_text_that_spells_a_marker_stays_text(encoding):
    message = library.Message.from_role_and_content(library.Role.USER, "<|end|>")
    assert encoding.render(message).count(200_007) == 1


# ---- choices


def test_the_profile_chooses_how_a_call_is_printed(encoding):
    call = library.Message.from_role_and_content(library.Role.ASSISTANT, "{}")
    call.with_channel("commentary").with_recipient("functions.f").with_content_type("json")
    oss = encoding.decode(encoding.render(call))
    library.set_profile("legacy")
    try:
        legacy = encoding.decode(encoding.render(call))
    finally:
        library.set_profile("oss")
    assert oss == (
        "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json"
        "<|message|>{}<|call|>"
    )
    assert legacy == (
        "<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{}<|call|>"
    )


@pytest.mark.parametrize(
    ("choose", "word"), [(library.set_profile, "vllm"), (library.set_policy, "strict")]
)
def test_an_unknown_choice_is_refused(choose, word):
    with pytest.raises(harmonium.InvalidInputError, match="unknown"):
        choose(word)


# ---- taking the other's name


@pytest.fixture
def _no_openai_harmony(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "openai_harmony"]:
        monkeypatch.delitem(sys.modules, name)
    yield
    harmonium.compat.uninstall()
    for name in [name for name in sys.modules if name.split(".")[0] == "openai_harmony"]:
        del sys.modules[name]


@pytest.mark.usefixtures("_no_openai_harmony")
def test_install_makes_import_openai_harmony_mean_this_room():
    harmonium.compat.install()
    harmonium.compat.install()
    import openai_harmony  # noqa: PLC0415
    from openai_harmony import Role, load_harmony_encoding  # noqa: PLC0415
    from openai_harmony.openai_harmony import PyStreamableParser  # noqa: PLC0415

    assert openai_harmony is library
    assert Role is library.Role
    assert load_harmony_encoding is library.load_harmony_encoding
    assert PyStreamableParser is library.openai_harmony.PyStreamableParser


@pytest.mark.usefixtures("_no_openai_harmony")
def test_uninstall_undoes_it():
    harmonium.compat.install()
    harmonium.compat.uninstall()
    harmonium.compat.uninstall()
    assert not [name for name in sys.modules if name.split(".")[0] == "openai_harmony"]


@pytest.mark.usefixtures("_no_openai_harmony")
def test_the_real_one_is_replaced_only_by_force_and_comes_back():
    real = types.ModuleType("openai_harmony")
    sys.modules["openai_harmony"] = real
    with pytest.raises(harmonium.HarmoniumError) as caught:
        harmonium.compat.install()
    assert caught.value.code == "already_imported"
    assert sys.modules["openai_harmony"] is real
    harmonium.compat.install(force=True)
    assert sys.modules["openai_harmony"] is library
    harmonium.compat.uninstall()
    assert sys.modules["openai_harmony"] is real


def run(program):
    return subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_without_pydantic_install_says_what_to_install():
    program = (
        "import sys; sys.modules['pydantic'] = None; import harmonium.compat as c; c.install()"
    )
    found = run(program)
    assert "harmonium[compat]" in found.stderr
    assert "HarmoniumError: " in found.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "work",
    [
        "encoding.encode('hello')",
        "library.StreamableParser(encoding, library.Role.ASSISTANT).process(200005)",
    ],
)
def test_no_pydantic_is_loaded_before_the_first_message(work):
    program = (
        "import sys; import harmonium.compat.openai_harmony as library; "
        f"encoding = library.load_harmony_encoding('HarmonyGptOss'); {work}; "
        "assert 'pydantic' not in sys.modules; "
        "from harmonium.compat.openai_harmony import *; "
        "assert Message and 'pydantic' in sys.modules"
    )
    found = run(program)
    assert found.returncode == 0, found.stderr


def test_the_module_lists_its_models_and_knows_no_other_names():
    assert {"Message", "RenderOptions", "ToolNamespaceConfig"} <= set(dir(library))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        library.Nothing  # noqa: B018  (asking is the test)


def test_importing_harmonium_compat_alone_loads_no_pydantic():
    program = "import sys, harmonium.compat; sys.exit('pydantic' in sys.modules)"
    assert run(program).returncode == 0
