"""Render a conversation to the tokens gpt-oss reads, and parse the tokens it writes."""

import harmonium
from harmonium import Conversation, Message, ReasoningEffort, SystemContent

encoding = harmonium.load_encoding()

conversation = Conversation(
    (
        Message.system(
            SystemContent(
                reasoning_effort=ReasoningEffort.LOW, conversation_start_date="2025-06-28"
            )
        ),
        Message.user("What is 2 + 2?"),
    )
)

# What the model reads: ids that end where the assistant is to begin.
prompt = encoding.render(conversation, next_role="assistant")
print(f"The prompt has {len(prompt)} tokens, the last ones {prompt[-2:]}. As text:")
print(encoding.decode(prompt))

# What the model writes: here put together by hand, as ids straight from an engine.
completion = encoding.encode(
    "<|channel|>analysis<|message|>Simple arithmetic.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>2 + 2 = 4.<|return|>",
    allowed_special="all",
)
answer = encoding.parse(completion)
print("\nThe answer:")
for message in answer:
    print(f"  {message.channel}: {message.text}")

# The next turn: earlier reasoning is left out, as the model expects.
follow_up = Conversation((*conversation, *answer, Message.user("And times 3?")))
print("\nThe next prompt:")
print(encoding.decode(encoding.render(follow_up, next_role="assistant")))
