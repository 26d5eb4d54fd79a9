"""Parse damaged completions in one contender's environment: a request a line, an answer a line.

Stands alone: nothing is imported but the standard library and the contender. Request: a JSON list
of token ids. Answer: a list of [channel, recipient, text], or null when the library raised.
"""

import json
import sys

import openai_harmony


def found(encoding, ids):
    """Return what the library makes of a completion; it is asked to be lenient."""
    try:
        messages = encoding.parse_messages_from_completion_tokens(
            ids, openai_harmony.Role.ASSISTANT, strict=False
        )
    except BaseException:  # noqa: BLE001  (a Rust panic is no Exception)
        return None
    return [
        [it.channel, it.recipient, "".join(content.text for content in it.content)]
        for it in messages
    ]


def main():
    """Answer requests until stdin closes."""
    encoding = openai_harmony.load_harmony_encoding("HarmonyGptOss")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(found(encoding, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
