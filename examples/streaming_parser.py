"""Parse a completion token by token, and show each piece the moment it is whole."""

import harmonium
from harmonium import ContentDelta, MessageEnded, MessageStarted, Repaired

encoding = harmonium.load_encoding()

# An engine would yield these ids one at a time.
stream = encoding.encode(
    "<|channel|>analysis<|message|>A greeting with an emoji.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Hello 👩‍🚀, 世界!<|return|>",
    allowed_special="all",
)

parser = encoding.parser()
for token in stream:
    for event in parser.feed(token):
        match event:
            case MessageStarted(author, channel):
                print(f"[{author.role} on {channel}]")
            case ContentDelta(text):
                print(f"  token {token:>6} completes {text!r}")
            case MessageEnded(message, stop):
                print(f"  ended by <|{stop}|>, {len(message.text)} characters")
            case Repaired(code, span):
                print(f"  {code} at tokens {span.start}-{span.end}")
parser.close()
