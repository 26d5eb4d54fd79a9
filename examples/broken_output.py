"""Read model outputs that break the format: what strict says, what repair makes of them."""

import harmonium
from harmonium import MessageEnded, ParseError, Repaired
from harmonium.testing import malformed_cases

encoding = harmonium.load_encoding()

SHOWN = ("toolcall-no-message", "channel-is-tool-then-commentary", "end-dot", "stripped-call")

for case in malformed_cases():
    if case.id not in SHOWN:
        continue
    ids = encoding.encode(case.text, allowed_special="all")
    print(f"\n{case.category}\n  model:  {case.text}")
    try:
        encoding.parse(ids, role=case.role, policy="strict", tools=case.tools)
    except ParseError as error:
        print(f"  strict: [{error.code}] {error}")
    parser = encoding.parser(role=case.role, tools=case.tools)
    for event in [*parser.feed(ids), *parser.close()]:
        match event:
            case Repaired(code, span, text, action):
                where = f"tokens {span.start}-{span.end}"
                print(f"  repair: [{code}] {where} {text!r}: {action}")
            case MessageEnded(message):
                print(f"  gives:  {message.channel}, to {message.recipient}: {message.text!r}")
