"""The work between OpenAI's APIs and tokens, through `harmonium.openai`; see openai_plain.

`library` is harmonium.
"""

import json

from harmonium.openai import (
    AnswerContext,
    ChatHistories,
    chat_byte_stream,
    chat_request,
    counting_ids,
    response_byte_stream,
    responses_request,
)


class Prompt:
    """Turn a chat request never seen before into its prompt's ids."""

    def __init__(self, library, data):
        self.encoding = library.load_encoding()
        self.histories = ChatHistories()
        self.body = data

    def run(self):
        return self.prompt(self.body)

    def prompt(self, body):
        request = chat_request(body, histories=self.histories)
        return request.render(self.encoding, profile="oss")

    def outcome(self, found):
        return found


class PromptGrown(Prompt):
    """Do it again and again as the conversation grows turn by turn; all JSON is read anew."""

    def __init__(self, library, data):
        super().__init__(library, data["said"])
        self.prompt(self.body)
        self.bodies = data["grown"]

    def run(self):
        return list(map(self.prompt, self.bodies))


class Chunks:
    """Turn the ids of an answer, one by one, into chat chunks as they go over the wire."""

    def __init__(self, library, data):
        self.encoding = library.load_encoding()
        self.ids = data
        request = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        self.request = chat_request(request)

    def stream(self):
        return chat_byte_stream(self.request, AnswerContext(0, counting_ids()))

    def run(self):
        parser, stream = self.encoding.parser(), self.stream()
        read, feed = parser.feed, stream.feed
        sent = [feed(read(token)) for token in self.ids]
        sent.append(feed(parser.close()))
        sent.append(stream.finish("stop"))
        return sent

    def outcome(self, found):
        return chat_texts(self.events(found))

    def events(self, found):
        """Return the objects that were written."""
        return [json.loads(frame[6:]) for frames in found for frame in frames]


class Events(Chunks):
    """Turn the ids of an answer, one by one, into the events of Responses."""

    def __init__(self, library, data):
        super().__init__(library, data)
        self.request = responses_request({"model": "m", "input": "hi", "stream": True})

    def stream(self):
        return response_byte_stream(self.request, AnswerContext(0, counting_ids()))

    def outcome(self, found):
        return responses_texts(self.events(found))

    def events(self, found):
        lines = b"".join(found).split(b"\n")
        return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def chat_texts(chunks):
    """Return all reasoning and all content of chat chunks."""
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    names = ("reasoning", "content")
    return {name: whole(delta.get(name) or "" for delta in deltas) for name in names}


def responses_texts(events):
    """Return all reasoning and all content of a response's deltas."""
    names = {
        "reasoning": "response.reasoning_text.delta",
        "content": "response.output_text.delta",
    }
    return {
        name: whole(event["delta"] for event in events if event["type"] == kind)
        for name, kind in names.items()
    }


def whole(pieces):
    """Join texts; the other library leaves out half a character at the end, so do so here."""
    return "".join(pieces).rstrip("\ufffd")


WORKS = {
    "chat prompt": Prompt,
    "chat prompt grown": PromptGrown,
    "chat chunks": Chunks,
    "responses events": Events,
}
