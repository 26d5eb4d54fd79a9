"""Rendering by the models' chat template, through transformers; `library` is transformers.

The tokenizer and its template come from a local folder, named by ``CHAT_TEMPLATE`` in the
environment; nothing is fetched.
"""

import json
import os

_loaded = []


class Render:
    """Render a conversation never seen before, for completion."""

    def __init__(self, library, data):
        if not _loaded:
            folder = os.environ["CHAT_TEMPLATE"]
            _loaded.append(library.AutoTokenizer.from_pretrained(folder, local_files_only=True))
        self.tokenizer = _loaded[0]
        self.tools = [{"type": "function", "function": tool} for tool in data["tools"]]
        head = {"role": "developer", "content": data["instructions"]}
        self.messages = [head, *chat(data["messages"])]

    def run(self):
        return self.tokenizer.apply_chat_template(
            self.messages, tools=self.tools, add_generation_prompt=True
        )

    def outcome(self, found):
        return list(found)


def chat(messages):
    """Put messages as chat templates take them: reasoning and call belong to one message.

    Reasoning before an answer is left out, as the template does. It refuses texts that speak of
    its own markers (harmonium's README does), so these are spelt otherwise.
    """
    out = []
    thinking = None
    for given in messages:
        said = given | {"text": given["text"].replace("<|", "< |")}
        if said.get("channel") == "analysis":
            thinking = said["text"]
        elif "content_type" in said:
            name = said["recipient"].removeprefix("functions.")
            call = {"name": name, "arguments": json.loads(said["text"])}
            calls = [{"type": "function", "function": call}]
            out.append({"role": "assistant", "thinking": thinking, "tool_calls": calls})
        else:
            out.append({"role": said["role"], "content": said["text"]})
    return out


WORKS = {"render": Render}
