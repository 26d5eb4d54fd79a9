"""Offer tools to the model, run the call it makes, and give it the result."""

import json

import harmonium
from harmonium import (
    Conversation,
    DeveloperContent,
    Message,
    SystemContent,
    ToolDescription,
    ToolNamespace,
)


def get_weather(city: str, unit: str = "celsius") -> dict[str, object]:
    """Stand in for a weather service."""
    return {"city": city, "temperature": 20 if unit == "celsius" else 68, "unit": unit}


TOOLS = {"get_weather": get_weather}

weather = ToolDescription(
    "get_weather",
    "Gets the current weather of a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "City and country."},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
    },
)
conversation = Conversation(
    (
        Message.system(SystemContent(conversation_start_date="2025-06-28")),
        Message.developer(
            DeveloperContent("Answer in one sentence.", (ToolNamespace.functions([weather]),))
        ),
        Message.user("Do I need a coat in Tokyo?"),
    )
)

encoding = harmonium.load_encoding()
print("The tools as the model sees them:")
print(encoding.decode(encoding.render(Conversation(conversation.messages[1:2]))))

# The model thinks, then calls. A real program gets these ids from its engine.
completion = encoding.encode(
    "<|channel|>analysis<|message|>I need the weather.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city": "Tokyo, Japan"}<|call|>',
    allowed_special="all",
)
answer = encoding.parse(completion, tools=TOOLS)
call = answer[-1]
print(f"\nThe model calls {call.recipient} with {call.text}")

name = str(call.recipient).removeprefix("functions.")
result = TOOLS[name](**json.loads(call.text))
print(f"The result is {result}")

# The result goes back as a message of the tool; reasoning stays until the answer is final.
conversation = Conversation(
    (*conversation, *answer, Message.tool(str(call.recipient), json.dumps(result)))
)
prompt = encoding.render(conversation, next_role="assistant")
print("\nWhat the model reads next, from the question on:")
text = encoding.decode(prompt)
print(text[text.index("<|start|>user") :])
