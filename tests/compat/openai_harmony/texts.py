"""JSON texts, dicts and expressions that the differential tests hand to both libraries."""

import random

GOOD = [
    '{"role":"user","content":"x"}',
    '{"role":"assistant","name":"bob","channel":"final","content":[{"type":"text","text":"é"}]}',
    '{"content":[{"text":"a","type":"text","x":[1,{"y":null}]}],"role":"tool","name":"f","z":1}',
    '{"role":"system","content":[{"model_identity":null,"type":"system_content","tools":TOOLS}]}',
    '{"role":"developer","content":[{"type":"developer_content","instructions":"i","tools":{}}]}',
    '{"role":"system","content":[{"type":"system_content","channel_config":CHANNELS}]}',
    '{"role":"system","content":[{"type":"system_content","reasoning_effort":"High"}]}',
    '{"role":{"user":null},"content":[],"recipient":null,"channel":null,"content_type":null}',
]
TOOLS = (
    '{"a":{"name":"a","description":"d","tools":[{"name":"f","description":"",'
    '"parameters":{"type":"object","properties":{"b":{"type":"number","default":1.5e3}}}}]}}'
)
CHANNELS = '{"valid_channels":["a","b"],"channel_required":true}'
GOOD = [text.replace("TOOLS", TOOLS).replace("CHANNELS", CHANNELS) for text in GOOD]
BITS = [
    "{", "}", "[", "]", ",", ":", '"', "null", "true", "1", "-", "1.5", "1e400", "1E5", "01", "1.",
    "\\", "\\u12", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\n", "\t", " ", "é", "\x01", "NaN",
    "-0", "18446744073709551616",
    '"role"', '"x":1,', "nul", "tru", "-Infinity", "\\n", "\\x", "1e-7",
]  # fmt: skip


def broken_texts(count, seed):
    """Good JSON with pieces cut out, doubled or put in, as a message and in a conversation."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        text = rng.choice(GOOD)
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            text = _mutate(rng, text)
        name = rng.choice(["render", "render_conversation", "render_conversation_for_completion"])
        out.append([text if name == "render" else f'{{"messages": [{text}]}}', name])
    return out


def _mutate(rng, text):
    place = rng.randrange(len(text) + 1)
    end = min(len(text), place + rng.randrange(1, 9))
    match rng.randrange(5):
        case 0:
            return text[:place] + text[end:]
        case 1:
            return text[:place]
        case 2:
            return text[:end] + text[place:]
        case 3:
            return text[:place] + rng.choice(BITS) + text[end:]
        case _:
            return text[:place] + rng.choice(BITS) + text[place:]


DICTS = [
    ["Message", {}],
    ["Message", {"role": "user"}],
    ["Message", {"role": "x", "content": ""}],
    ["Message", {"role": 5, "content": ""}],
    ["Message", {"role": "user", "content": "hi", "name": "bob", "channel": 5}],
    ["Message", {"role": "user", "content": None}],
    ["Message", {"role": "user", "content": ["x"]}],
    ["Message", {"role": "user", "content": [{"text": "x"}]}],
    ["Message", {"role": "user", "content": [{"type": "refusal", "text": "x"}]}],
    ["Message", {"role": "user", "content": [{"type": [], "text": "x"}]}],
    ["Message", {"role": "user", "content": [{"type": "text"}]}],
    ["Message", {"role": "user", "content": [{"type": "text", "text": 5}]}],
    ["Message", {"role": "system", "content": [{"type": "system_content", "x": 1}]}],
    ["Message", {"role": "user", "content": [{"type": "developer_content", "tools": 5}]}],
    ["Message", {"role": "user", "content": {"a": 1}}],
    ["Message", {"role": "user", "content": [], "name": 5}],
    ["SystemContent", {}],
    ["SystemContent", {"reasoning_effort": "low"}],
    ["SystemContent", {"type": "system_content", "tools": {"a": {"name": "a", "tools": []}}}],
    ["DeveloperContent", {"instructions": None}],
    ["from_json", "{}"],
    ["from_json", "[]"],
    ["from_json", "x"],
    ["from_json", '{"messages": [{"role": "user", "content": "a"}]}'],
    ["from_json", '{"messages": [5]}'],
    ["from_json", None],
]

FIELDS = [
    ["Author", {}],
    ["Author", {"role": "user"}],
    ["Author", {"role": "boss"}],
    ["Author", {"role": None, "name": 5}],
    ["Author", {"role": "tool", "name": "", "x": 1}],
    ["TextContent", {}],
    ["TextContent", {"text": 5}],
    ["TextContent", {"text": "a", "type": "text"}],
    ["ToolDescription", {"name": "a", "description": "b", "parameters": []}],
    ["ToolDescription", {"name": "a"}],
    ["ToolDescription", {"name": "a", "description": "b"}],
    ["ChannelConfig", {"valid_channels": "a", "channel_required": "yes"}],
    ["ChannelConfig", {"valid_channels": ["a"], "channel_required": 1}],
    ["ChannelConfig", {"valid_channels": [1], "channel_required": 2}],
    ["ToolNamespaceConfig", {"name": "a", "tools": [{"name": "f"}]}],
    ["ToolNamespaceConfig", {"name": "a"}],
    ["SystemContent", {"reasoning_effort": "low"}],
    ["SystemContent", {"reasoning_effort": "Low", "tools": {"a": {"name": "b", "tools": []}}}],
    ["SystemContent", {"channel_config": {"valid_channels": []}}],
    ["DeveloperContent", {"tools": []}],
    ["DeveloperContent", {"tools": {"a": 5}}],
    ["Message", {}],
    ["Message", {"author": {"role": "user"}}],
    ["Message", {"author": {"role": "user"}, "content": [{"text": "x"}]}],
    ["Message", {"author": {"role": "user"}, "content": "x"}],
    ["Message", {"author": {"role": "user"}, "channel": 5}],
    ["Conversation", {}],
    ["Conversation", {"messages": [{}]}],
    ["RenderConversationConfig", {}],
    ["RenderConversationConfig", {"auto_drop_analysis": "off"}],
    ["RenderConversationConfig", {"auto_drop_analysis": "maybe"}],
    ["RenderOptions", {}],
    ["RenderOptions", {"conversation_has_function_tools": None}],
]

EXPRESSIONS = """
h.HarmonyError.__mro__[1:]
h.HarmonyError("a", "b").args
h.load_harmony_encoding("HarmonyGptOss").name
h.load_harmony_encoding(h.HarmonyEncodingName.HARMONY_GPT_OSS).name
h.load_harmony_encoding("o200k_harmony")
h.load_harmony_encoding("")
h.load_harmony_encoding(None)
h.load_harmony_encoding(3)
h.load_harmony_encoding(b"HarmonyGptOss")
h.load_harmony_encoding("\\ud800")
_load_harmony_encoding(5)
_PyHarmonyEncoding("x")
_PyHarmonyEncoding(5)
_PyHarmonyEncoding("HarmonyGptOss").name
h.openai_harmony.get_tool_namespace_config("x")
h.openai_harmony.get_tool_namespace_config(5)
h.openai_harmony.get_tool_namespace_config("python")
h.openai_harmony.get_tool_namespace_config("browser")
repr(ToolNamespaceConfig.browser())
repr(ToolNamespaceConfig.python())
i.decode_utf8("ab")
i.decode_utf8({5})
i.decode_utf8(5)
i.decode_utf8((5, 6))
i.decode_utf8(range(3))
i.decode_utf8([2**63])
i.decode_utf8([-2**63])
i.decode_utf8([-2**63 - 1])
i.decode_bytes([5, 165])
i.decode_bytes([201089])
i.encode("x", None)
i.encode("x", 5)
i.encode("x", "<|start|>")
i.encode("x", [5])
i.encode("x", [None])
i.encode("x", {"<|start|>"})
i.encode("x", ("<|start|>",))
i.encode("x", ["\\ud800"])
i.encode(5, [])
i.encode("\\ud800", [])
i.is_special_token("x")
i.is_special_token(None)
i.parse_messages_from_completion_tokens([], "bogus", True)
i.parse_messages_from_completion_tokens([], 5, True)
i.parse_messages_from_completion_tokens([200008, 5], "assistant", 1)
i.parse_messages_from_completion_tokens([200008, 5], "assistant", None)
i.parse_messages_from_completion_tokens([200008, 377, 2, 220, 198], "tool", True)
h.openai_harmony.PyStreamableParser(i, "bogus", True)
h.openai_harmony.PyStreamableParser(i, 5, True)
h.openai_harmony.PyStreamableParser(e, "assistant", True)
h.openai_harmony.PyStreamableParser(None, "assistant", True)
h.openai_harmony.PyStreamableParser(i, None, True).state
h.openai_harmony.PyStreamableParser(i, "user", True).state
h.openai_harmony.PyStreamableParser(i, "user", True).messages
h.openai_harmony.PyStreamableParser(i, "user", True).current_role
h.openai_harmony.PyStreamableParser(i, "assistant", 5)
h.openai_harmony.PyStreamState.Content
int(h.openai_harmony.PyStreamState.Content)
[int(h.openai_harmony.PyStreamState.ExpectStart), int(h.openai_harmony.PyStreamState.Header)]
h.openai_harmony.PyStreamState.Content == 2
h.openai_harmony.PyStreamState.Content == h.openai_harmony.PyStreamState.Content
h.openai_harmony.PyStreamState()
h.StreamableParser(None, Role.USER)
h.StreamableParser(e, "assistant")
h.StreamableParser(e)
h.StreamableParser(e, Role.USER, strict=5)
h.StreamableParser(e, None, True)
h.StreamableParser(e, Role.USER).process("x")
h.StreamableParser(e, Role.USER).process(-1)
h.StreamableParser(e, Role.USER).process(2**32)
h.StreamableParser(e, Role.USER).process(2**80)
h.StreamableParser(e, Role.USER).process(1.5)
h.StreamableParser(e, Role.USER).process(None)
h.StreamableParser(e, Role.USER).process(True).tokens
e.parse_messages_from_completion_tokens([200008], "assistant")
e.parse_messages_from_completion_tokens([200008], Role.USER, strict=1)
e.parse_messages_from_completion_tokens(None, Role.USER)
e.parse_messages_from_completion_tokens(iter([200008, 5]), Role.USER)
e.parse_messages_from_completion_tokens([200008, -1], Role.USER)
e.parse_messages_from_completion_tokens([200008, 2**32], Role.USER)
e.parse_messages_from_completion_tokens([200008, 1.5], Role.USER)
e.parse_messages_from_completion_tokens([200008, "a"], Role.USER)
e.parse_messages_from_completion_tokens([200008], Role.USER)[0].model_fields_set
e.render_conversation_for_completion(Conversation(), "assistant")
e.render_conversation_for_completion(Conversation(), Role.ASSISTANT, {})
e.render_conversation_for_completion(None, Role.ASSISTANT)
e.render_conversation(Conversation(), 5)
e.render(None)
e.render(Message.from_role_and_content(Role.USER, "x"), 5)
i.render_conversation_for_completion('{"messages": []}', "bogus", None)
i.render_conversation_for_completion('{"messages": []}', 5, None)
i.render_conversation_for_completion("{}", "bogus", 5)
i.render_conversation_for_completion("{}", "bogus", {})
i.render_conversation('{"messages": []}', {"auto_drop_analysis": 5})
i.render_conversation(5, None)
i.render('{"role": "user", "content": ""}', 5)
i.render("{}", {"conversation_has_function_tools": 5})
e.special_tokens_set
set(e.stop_tokens())
set(e.stop_tokens_for_assistant_actions())
[type(e.special_tokens_set), type(e.stop_tokens())]
e.special_tokens_set is e.special_tokens_set
Role("x")
StreamState("x")
[str(Role.USER), repr(Role.USER), f"{Role.USER}", str(ReasoningEffort.LOW), Role.USER == "user"]
[str(HarmonyEncodingName.HARMONY_GPT_OSS), repr(HarmonyEncodingName.HARMONY_GPT_OSS)]
h.raise_disallowed_special_token("a'b")
h._special_token_regex(frozenset({"a.b"})).pattern
h._special_token_regex(frozenset()).pattern
Content().to_dict()
Content(text="x")
TextContent(text="a").to_dict()
repr(Author.new(Role.TOOL, "f"))
repr(ToolDescription.new("f", "d"))
repr(ChannelConfig.require_channels(["a"]))
repr(SystemContent.new().with_model_identity("a").with_reasoning_effort(ReasoningEffort.LOW))
repr(SystemContent.new().with_conversation_start_date("a").with_knowledge_cutoff("b"))
repr(SystemContent.new().with_required_channels(["a"]).with_browser_tool().with_python_tool())
repr(SystemContent.new().with_channel_config(None).with_tools(ToolNamespaceConfig.python()))
repr(DeveloperContent.new().with_instructions("a").with_function_tools([]))
DeveloperContent.new().with_function_tools([]).model_dump(exclude_unset=True)
SystemContent.new().with_required_channels("ab")
SystemContent.new().with_tools(None)
repr(Message.from_role_and_content(Role.USER, "a").adding_content("b"))
repr(Message.from_role_and_content(Role.USER, "a").adding_content(TextContent(text="c")))
repr(Message.from_author_and_content(Author.new(Role.TOOL, "f"), "a").with_channel("b"))
repr(Message.from_role_and_content(Role.USER, "a").with_recipient("c").with_content_type("d"))
repr(Message.from_role_and_contents(Role.USER, (TextContent(text="a"),)))
Message.from_role_and_content("boss", "a")
Message.from_role_and_content(Role.USER, 5)
Message.from_role_and_contents(Role.USER, None)
repr(Conversation.from_messages(Message.from_role_and_content(Role.USER, x) for x in "ab"))
[m.channel for m in Conversation.from_messages([Message.from_role_and_content("user", "q")])]
Conversation.from_messages([Message.from_role_and_content(Role.USER, "é")]).to_json()
Message.model_json_schema()["required"]
""".strip().split("\n")

TEXTS = [
    "", "x", "hello world", "<|start|>", "<|end|>'", "<|end|><|start|>x", "<|reserved_200000|>",
    "<|reserved_201089|>", "\ud800x\udc00", "\ud83d\ude00", "\ud800<|end|>", "日本 e\u0301", "xay",
]  # fmt: skip
SPECIALS = [{}, {"allowed_special": "all"}, {"disallowed_special": []}]
SPECIALS += [{"allowed_special": ["<|start|>"]}, {"disallowed_special": ["<|end|>"]}]
SPECIALS += [{"allowed_special": ["<|end|>"], "disallowed_special": ["<|end|>"]}]
SPECIALS += [{"allowed_special": "al"}, {"allowed_special": [5]}, {"disallowed_special": "a"}]
SPECIALS += [{"allowed_special": 5}, {"disallowed_special": 5}, {"disallowed_special": None}]
SPECIALS += [{"allowed_special": "all", "disallowed_special": ["<|end|>"]}]
SPECIALS += [{"allowed_special": ["x"], "disallowed_special": []}, {"disallowed_special": [5]}]

ENCODES = [["encode", [text], special] for text in TEXTS for special in SPECIALS]
ENCODES += [["encode", [value], special] for value in (5, None) for special in SPECIALS[:3]]
IDS = [
    [], [5, 6], [165], [5, 165, 5], [201089], [5, 201089, 165], [-1], [2**32], [2**64], [1.5],
    ["x"], [None], [True], [200006, 199998], "ab", None, 5, {"5": 6}, [377, 0, 199997, 201088],
    [4294967295], [[5]],
]  # fmt: skip
DECODES = [[name, [ids], {}] for name in ("decode", "decode_utf8") for ids in IDS]
DECODES += [
    ["decode", [ids], {"errors": errors}]
    for ids in ([165], [5, 165, 5], [65])
    for errors in ("strict", "ignore", "bogus", "backslashreplace")
]
TOKENS = [0, 5, 199997, 199998, 200000, 200006, 201088, 201089, -1, 2**32, 2**80]
TOKENS += ["x", None, True, 5.0]
SPECIAL_QUERIES = [["is_special_token", [token], {}] for token in TOKENS]
