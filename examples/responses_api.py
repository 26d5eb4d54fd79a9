"""Answer a Responses request in two turns of the model, with a tool run in between."""

from dataclasses import replace

import harmonium
from harmonium.openai import (
    AnswerContext,
    Page,
    PromptSettings,
    ReasoningCipher,
    RequestError,
    ResponsesSetup,
    ToolResult,
    as_response,
    counting_ids,
    response_byte_stream,
    responses_request,
)

encoding = harmonium.load_encoding()

# A server would keep its key, and leave nonces and ids to chance.
cipher = ReasoningCipher(bytes(32), nonces=bytes)
setup = ResponsesSetup(prompt=PromptSettings(today="2026-01-02"), cipher=cipher)
body = {
    "model": "gpt-oss-20b",
    "instructions": "Answer in one sentence.",
    "input": "Who won the cup?",
    "tools": [{"type": "web_search"}],
    "include": ["reasoning.encrypted_content", "web_search_call.results"],
    "store": False,
}
request = responses_request(body, setup)
stream = response_byte_stream(request, AnswerContext(now=0, new_id=counting_ids()))
sent = stream.start()

# An engine would generate these ids from the prompt.
first = encoding.encode(
    "<|channel|>analysis<|message|>I should search.<|end|>"
    '<|start|>assistant<|channel|>analysis to=browser.search code<|message|>{"query": "cup"}'
    "<|call|>",
    allowed_special="all",
)
parser = encoding.parser(tools=request.tools.parser_tools)
for token in first:
    sent += stream.feed(parser.feed(token))
sent += stream.feed(parser.close()) + stream.end_turn("stop")

for call in stream.pending_calls:
    print(f"{call.recipient} is called with {call.arguments}", end="\n\n")
    sent += stream.tool_started(call.output_index)
    found = ToolResult("L0: Blue won 2:1.", pages={0: Page("https://cup.example", "The cup")})
    sent += stream.tool_finished(call.output_index, found)

# The next turn reads the first conversation and what was said since.
ids = request.render(encoding, said=stream.messages)
prompt = encoding.decode(ids)
print(prompt[prompt.index("<|start|>user") :], end="\n\n")
second = encoding.encode(
    "<|channel|>final<|message|>Blue won【0†L0】.<|return|>", allowed_special="all"
)
parser = encoding.parser(tools=request.tools.parser_tools)
sent += stream.feed(parser.feed(second) + parser.close())
sent += stream.finish("stop", input_tokens=len(ids))
print(sent.decode(), end="")

# The client sends everything back, and asks on: the server has stored nothing.
question = {"role": "user", "content": "Who won the cup?"}
items = [item.model_dump() for item in as_response(stream.response).output]
again = responses_request(body | {"input": [question, *items]}, setup)
print([message.text for message in again.conversation if message.author.role == "assistant"])
print(again.conversation == harmonium.Conversation((*request.conversation, *stream.messages)))

# A tool that nobody here runs is left out, and the request says so; under "strict" it is refused.
hosted = body | {"tools": [{"type": "image_generation"}]}
print(responses_request(hosted, setup).adaptations)
try:
    responses_request(hosted, replace(setup, tolerance="strict"))
except RequestError as error:
    print(error.to_dict())
