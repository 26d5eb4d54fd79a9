"""Probes of parsing, run with an oracle's module or with ours in its place.

Stands alone, as worker.py does. Token lists are JSON; a role is a word or None.
"""

ENCODINGS = {}
ACCESSORS = (
    "state_data",
    "current_role",
    "current_channel",
    "current_recipient",
    "current_content_type",
    "current_content",
    "last_content_delta",
)


def encoding_of(module):
    """Load the encoding once for each module (keyed by identity: ours and the oracle's)."""
    if id(module) not in ENCODINGS:
        ENCODINGS[id(module)] = module.load_harmony_encoding("HarmonyGptOss")
    return ENCODINGS[id(module)]


def failure(error):
    """Write an exception as data: its type's name and its text."""
    return [type(error).__name__, str(error)]


def completion(module, tokens, role, strict):
    """Parse a whole completion; give the messages as dicts."""
    role = None if role is None else module.Role(role)
    found = encoding_of(module).parse_messages_from_completion_tokens(tokens, role, strict=strict)
    return [message.to_dict() for message in found]


def stream(module, tokens, role, strict, eos):
    """Feed a parser token by token, going on after errors; tell all it shows after each.

    A token of None means the end of the stream (``process_eos``); `eos` more follow the tokens.
    """
    role = None if role is None else module.Role(role)
    parser = module.StreamableParser(encoding_of(module), role, strict=strict)
    return [_step(parser, token) for token in [*tokens, *[None] * eos]] + [
        [message.to_dict() for message in parser.messages],
        parser.tokens,
    ]


def _step(parser, token):
    try:
        back = parser.process_eos() if token is None else parser.process(token)
        seen = ["same" if back is parser else "other"]
    except BaseException as error:  # noqa: BLE001  (a Rust panic is no Exception)
        seen = failure(error)
    for name in ACCESSORS:
        try:
            value = getattr(parser, name)
            seen.append(value if name != "current_role" or value is None else value.name)
        except BaseException as error:  # noqa: BLE001
            seen.append(failure(error))
    return [*seen, parser.state.name, len(parser.messages), len(parser.tokens)]
