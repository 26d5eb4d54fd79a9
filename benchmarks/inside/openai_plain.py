"""The work between OpenAI's APIs and tokens, as the simplest code over openai_harmony.

What a server's author writes who has only that library: dicts into its objects, its objects into
ids; ids through its stream parser, into dicts, into JSON. Stands alone in its environment.
"""

import json


class Prompt:
    """Turn a chat request never seen before into its prompt's ids."""

    def __init__(self, library, data):
        self.api = library
        self.encoding = library.load_harmony_encoding("HarmonyGptOss")
        self.body = data

    def run(self):
        return self.prompt(self.body)

    def prompt(self, body):
        conversation = conversation_of(self.api, body)
        render = self.encoding.render_conversation_for_completion
        return render(conversation, self.api.Role.ASSISTANT)

    def outcome(self, found):
        return found


class PromptGrown(Prompt):
    """Do it again and again as the conversation grows turn by turn; all JSON is read anew."""

    def __init__(self, library, data):
        super().__init__(library, data["said"])
        self.bodies = data["grown"]

    def run(self):
        return list(map(self.prompt, self.bodies))


def conversation_of(api, body):
    """Build the conversation of a chat request."""
    first, *rest = body["messages"]
    system = api.SystemContent.new().with_reasoning_effort(api.ReasoningEffort.MEDIUM)
    tools = [
        api.ToolDescription.new(
            tool["function"]["name"],
            tool["function"]["description"],
            tool["function"]["parameters"],
        )
        for tool in body["tools"]
    ]
    developer = api.DeveloperContent.new().with_instructions(first["content"])
    found = [
        api.Message.from_role_and_content(api.Role.SYSTEM, system),
        api.Message.from_role_and_content(api.Role.DEVELOPER, developer.with_function_tools(tools)),
    ]
    called = {
        call["id"]: call["function"]["name"]
        for message in rest
        for call in message.get("tool_calls") or ()
    }
    for message in rest:
        found += messages_of(api, message, called)
    return api.Conversation.from_messages(without_old_reasoning(found))


def without_old_reasoning(messages):
    """Drop the reasoning before the last answer, as models are used to."""
    finals = [place for place, message in enumerate(messages) if message.channel == "final"]
    last = finals[-1] if finals else -1
    return [
        message
        for place, message in enumerate(messages)
        if place > last or message.channel != "analysis" or message.recipient is not None
    ]


def messages_of(api, message, called):
    """Return the text of one message of the history."""
    text = message.get("content")
    if message["role"] == "user":
        return [api.Message.from_role_and_content(api.Role.USER, text)]
    if message["role"] == "tool":
        name = called[message["tool_call_id"]]
        author = api.Author(role=api.Role.TOOL, name=f"functions.{name}")
        result = api.Message.from_author_and_content(author, text)
        return [result.with_channel("commentary").with_recipient("assistant")]
    found = []
    if message.get("reasoning"):
        thought = api.Message.from_role_and_content(api.Role.ASSISTANT, message["reasoning"])
        found.append(thought.with_channel("analysis"))
    calls = message.get("tool_calls") or ()
    if text:
        said = api.Message.from_role_and_content(api.Role.ASSISTANT, text)
        found.append(said.with_channel("commentary" if calls else "final"))
    for call in calls:
        function = call["function"]
        made = api.Message.from_role_and_content(api.Role.ASSISTANT, function["arguments"])
        made = made.with_channel("commentary").with_recipient(f"functions.{function['name']}")
        found.append(made.with_content_type("json"))
    return found


class Chunks:
    """Turn the ids of an answer, one by one, into chat chunks as they go over the wire."""

    def __init__(self, library, data):
        self.api = library
        self.encoding = library.load_harmony_encoding("HarmonyGptOss")
        self.ids = data

    def run(self):
        parser = self.api.StreamableParser(self.encoding, self.api.Role.ASSISTANT)
        sent = [chunk({"role": "assistant"})]
        for token in self.ids:
            parser.process(token)
            text = parser.last_content_delta
            if text:
                name = "reasoning" if parser.current_channel == "analysis" else "content"
                sent.append(chunk({name: text}))
        parser.process_eos()
        sent.append(chunk({}, "stop"))
        return sent

    def outcome(self, found):
        deltas = [json.loads(frame[6:])["choices"][0]["delta"] for frame in found]
        names = ("reasoning", "content")
        return {name: "".join(delta.get(name) or "" for delta in deltas) for name in names}


def chunk(delta, reason=None):
    """Write a chat chunk as a server-sent event."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "system_fingerprint": None,
        "service_tier": None,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
    }
    return f"data: {json.dumps(body)}\n\n".encode()


class Events(Chunks):
    """Turn the ids of an answer, one by one, into the events of Responses.

    Of the items around the deltas only the least is written, which is to this side's advantage.
    """

    def run(self):
        parser = self.api.StreamableParser(self.encoding, self.api.Role.ASSISTANT)
        sent, channel = [event(0, {"type": "response.created", "response": {"id": "r"}})], None
        index, said = -1, []
        for token in self.ids:
            parser.process(token)
            text = parser.last_content_delta
            if text:
                if parser.current_channel != channel:
                    channel, index, said = parser.current_channel, index + 1, []
                    sent.append(added(len(sent), index, channel))
                said.append(text)
                sent.append(delta(len(sent), index, channel, text))
            elif said and parser.current_channel is None:
                sent.append(done(len(sent), index, channel, "".join(said)))
        parser.process_eos()
        sent.append(done(len(sent), index, channel, "".join(said)))
        sent.append(event(len(sent), {"type": "response.completed", "response": {"id": "r"}}))
        return sent

    def outcome(self, found):
        said = [json.loads(frame.split(b"\n")[1][6:]) for frame in found]
        names = {
            "reasoning": "response.reasoning_text.delta",
            "content": "response.output_text.delta",
        }
        return {
            name: "".join(event["delta"] for event in said if event["type"] == kind)
            for name, kind in names.items()
        }


def added(number, index, channel):
    """Write that an item begins."""
    kind = "reasoning" if channel == "analysis" else "message"
    item = {"type": kind, "id": f"item_{index}", "content": [], "status": "in_progress"}
    fields = {"type": "response.output_item.added", "output_index": index, "item": item}
    return event(number, fields)


def delta(number, index, channel, text):
    """Write some text of an item."""
    kind = "reasoning_text" if channel == "analysis" else "output_text"
    place = {"item_id": f"item_{index}", "output_index": index, "content_index": 0}
    fields = {"type": f"response.{kind}.delta", **place, "delta": text}
    return event(number, fields if kind == "reasoning_text" else {**fields, "logprobs": []})


def done(number, index, channel, text):
    """Write that an item is whole."""
    kind = "reasoning" if channel == "analysis" else "message"
    item = {"type": kind, "id": f"item_{index}", "content": [{"text": text}]}
    fields = {"type": "response.output_item.done", "output_index": index, "item": item}
    return event(number, fields)


def event(number, fields):
    """Write an event as a server-sent event."""
    body = json.dumps({**fields, "sequence_number": number})
    return f"event: {fields['type']}\ndata: {body}\n\n".encode()


WORKS = {
    "chat prompt": Prompt,
    "chat prompt grown": PromptGrown,
    "chat chunks": Chunks,
    "responses events": Events,
}
