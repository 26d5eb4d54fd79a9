"""Keep the channels apart: what the user sees, what is called, what stays hidden."""

import harmonium
from harmonium import Conversation, Message

encoding = harmonium.load_encoding()

completion = encoding.encode(
    "<|channel|>analysis<|message|>The user wants a plan, then a search.<|end|>"
    "<|start|>assistant<|channel|>commentary<|message|>I will look that up first.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.search <|constrain|>json"
    '<|message|>{"query": "harmony format"}<|call|>',
    allowed_special="all",
)
messages = encoding.parse(completion, tools=["search"])

reasoning = [m.text for m in messages if m.channel == "analysis"]
calls = [(m.recipient, m.text) for m in messages if m.recipient]
shown = [m.text for m in messages if m.channel != "analysis" and not m.recipient]
print("hidden:", reasoning)
print("called:", calls)
print("shown: ", shown)

# Reasoning is part of the next prompt while a call is open, and leaves it after a final answer.
open_turn = Conversation(
    (
        Message.user("What is the harmony format?"),
        *messages,
        Message.tool("functions.search", '["a chat format"]'),
    )
)
closed_turn = Conversation(
    (
        *open_turn,
        Message.assistant("A chat format.", channel="final"),
        Message.user("Whose?"),
    )
)
for name, conversation in (("open", open_turn), ("closed", closed_turn)):
    for history in ("per_turn", "keep"):
        text = encoding.decode(encoding.render(conversation, history=history))
        kept = text.count("<|channel|>analysis")
        print(f"{name} turn, history {history}: {kept} analysis messages in the prompt")
