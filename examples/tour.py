"""Show the main job on real input: render a conversation, stream an answer, mend a broken one."""

import sys
from pathlib import Path

import harmonium
from harmonium import ContentDelta, MessageEnded, MessageStarted, Repaired, Span
from harmonium.cli import main

WEATHER = str(Path(__file__).with_name("weather.json"))

ANSWER = (
    "<|channel|>analysis<|message|>Tomorrow needs a forecast.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city": "Tokyo, Japan"}<|call|>'
)
# The recipient repeats, a word is left over, and the message token is missing in the last one.
BROKEN = (
    "<|channel|>analysis<|message|>Need the weather.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.get_weather to=functions.get_weather"
    ' <|constrain|>json code<|message|>{"city": "Tokyo, Japan"}<|call|>'
    "<|start|>assistant<|channel|>final Take a coat."
)


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n=== {text}\n", flush=True)


def harmonium_command(*arguments: str) -> None:
    """Run the harmonium command, as a shell would."""
    print("$ harmonium", *arguments[:-1], "weather.json\n", flush=True)
    if main(arguments):
        sys.exit("the command failed")


def show(event: harmonium.Event) -> None:
    """Print an event on a line."""
    match event:
        case MessageStarted(author, channel, recipient, content_type, span):
            words = f"{author.role} channel={channel} to={recipient} type={content_type}"
            print(f"{place(span)}  MessageStarted  {words}")
        case ContentDelta(text):
            print(f"{place(event.span)}  ContentDelta    {text!r}")
        case MessageEnded(_, stop, truncated, span):
            print(f"{place(span)}  MessageEnded    stop={stop} truncated={truncated}")
        case Repaired(code, span, text, action):
            print(f"{place(span)}  Repaired        [{code}] {text!r}: {action}")


def place(span: Span) -> str:
    """Write a span in a column."""
    return f"{span.start:>4}-{span.end:<4}"


def tour() -> None:
    """Run the three parts."""
    title("A conversation with tools, as segments and tokens")
    harmonium_command("render", "--format", "table", "--next-role", "assistant", WEATHER)
    title("The same as ids for an engine")
    harmonium_command("render", "--format", "ids", "--next-role", "assistant", WEATHER)

    encoding = harmonium.load_encoding()
    tools = ["get_location", "get_weather"]
    title("A completion, token by token")
    print(ANSWER + "\n")
    parser = encoding.parser(tools=tools)
    for token in encoding.encode(ANSWER, allowed_special="all"):
        for event in parser.feed(token):
            show(event)
    for event in parser.close():
        show(event)

    title("A broken completion, repaired")
    print(BROKEN + "\n")
    parser = encoding.parser(tools=tools)
    ids = encoding.encode(BROKEN, allowed_special="all")
    events = [*parser.feed(ids), *parser.close()]
    for event in events:
        show(event)
    print("\nmessages:")
    for message in (event.message for event in events if isinstance(event, MessageEnded)):
        to = f" to {message.recipient}" if message.recipient else ""
        print(f"  {message.channel}{to}: {message.text!r}")


if __name__ == "__main__":
    tour()
