"""Answer a Chat Completions request, streamed and whole, around a model's tokens."""

import json

import harmonium
from harmonium.openai import (
    DONE,
    AnswerContext,
    ChatAnswer,
    PromptSettings,
    RequestError,
    chat_byte_stream,
    chat_request,
    counting_ids,
)

encoding = harmonium.load_encoding()

body = {
    "model": "gpt-oss-20b",
    "messages": [{"role": "user", "content": "Is it raining in Zürich?"}],
    "tools": [{"type": "function", "function": {"name": "weather now"}}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
request = chat_request(body, PromptSettings(today="2026-01-02"))
prompt = request.render(encoding)
print(encoding.decode(prompt), end="\n\n")

# An engine would generate these ids from the prompt.
generated = encoding.encode(
    "<|channel|>analysis<|message|>I should look.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.weather_now <|constrain|>json<|message|>"
    '{"city": "Zürich"}<|call|>',
    allowed_special="all",
)

# A server would give the time, and leave the ids to chance.
parser = encoding.parser(tools=request.names.declared)
stream = chat_byte_stream(request, AnswerContext(now=0, new_id=counting_ids()))
chunks = [chunk for token in generated for chunk in stream.feed(parser.feed(token))]
chunks += stream.feed(parser.close()) + stream.finish("stop") + stream.end(len(prompt)) + [DONE]
for chunk in chunks:
    print(chunk.decode(), end="")

parser = encoding.parser(tools=request.names.declared)
answer = ChatAnswer(request, AnswerContext(now=0, new_id=counting_ids()))
answer.feed(parser.feed(generated) + parser.close())
answer.finish("stop")
print(json.dumps(answer.to_dict(len(prompt)), indent=2, ensure_ascii=False))

try:
    chat_request(body | {"temperature": 3})
except RequestError as error:
    print(error.to_dict())
