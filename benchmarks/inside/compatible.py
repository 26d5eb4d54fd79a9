"""The timed work, through the API that openai_harmony and our compatible package share.

Stands alone: it runs in each contender's environment, with that contender's module as `library`.
A work is prepared untimed (``Work(library, data)``), and then run once, timed.
"""


class Work:
    """Prepare, then run."""

    def __init__(self, library, data):
        self.api = library
        self.encoding = library.load_harmony_encoding("HarmonyGptOss")
        self.data = data
        self.prepare()

    def prepare(self):
        """Build what `run` needs."""

    def outcome(self, found):
        """Return plain data, equal for contenders that did the same work; `found` is from `run`."""
        return found


class Render(Work):
    """Render a conversation never seen before, for completion."""

    def prepare(self):
        self.conversation = conversation(self.api, self.data)

    def run(self):
        render = self.encoding.render_conversation_for_completion
        return render(self.conversation, self.api.Role.ASSISTANT)


class RenderGrown(Work):
    """Render a conversation that was rendered before, turn after turn."""

    def prepare(self):
        said = conversation(self.api, self.data["said"])
        self.render(said)
        messages = said.messages
        self.conversations = []
        for turn in self.data["turns"]:
            messages = [*messages, *(message(self.api, item) for item in turn)]
            self.conversations.append(self.api.Conversation.from_messages(messages))

    def render(self, said):
        return self.encoding.render_conversation_for_completion(said, self.api.Role.ASSISTANT)

    def run(self):
        return [self.render(said) for said in self.conversations]


class RenderReread(RenderGrown):
    """The same, with every object made anew, as when each request brings the whole as JSON."""

    def prepare(self):
        super().prepare()
        read = self.api.Conversation.from_json
        self.conversations = [read(said.to_json()) for said in self.conversations]


class RenderMessages(Work):
    """Render single messages, one call each."""

    def prepare(self):
        self.messages = [message(self.api, item) for item in self.data]

    def run(self):
        render = self.encoding.render
        return [render(item) for item in self.messages]


class Parse(Work):
    """Parse whole completions, one call each."""

    def prepare(self):
        self.data = [list(ids) for ids in self.data]  # they have just arrived

    def run(self):
        parse, role = self.encoding.parse_messages_from_completion_tokens, self.api.Role
        role = role.ASSISTANT
        return [parse(ids, role) for ids in self.data]

    def outcome(self, found):
        return [[message.to_dict() for message in messages] for messages in found]


class Stream(Parse):
    """Stream completions, reading delta, channel and recipient at every token."""

    def run(self):
        for ids in self.data:
            parser = self.api.StreamableParser(self.encoding, self.api.Role.ASSISTANT)
            process = parser.process
            for token in ids:
                process(token)
                parser.last_content_delta  # noqa: B018  (reading is the work)
                parser.current_channel  # noqa: B018
                parser.current_recipient  # noqa: B018

    def outcome(self, _):
        return [list(self._seen(ids)) for ids in self.data]

    def _seen(self, ids):
        parser = self.api.StreamableParser(self.encoding, self.api.Role.ASSISTANT)
        for token in ids:
            parser.process(token)
            where = (parser.current_channel, parser.current_recipient)
            yield (parser.last_content_delta, *where, len(parser.current_content))


class StreamContent(Stream):
    """Stream completions, reading the content so far as well."""

    def run(self):
        for ids in self.data:
            parser = self.api.StreamableParser(self.encoding, self.api.Role.ASSISTANT)
            process = parser.process
            for token in ids:
                process(token)
                parser.last_content_delta  # noqa: B018  (reading is the work)
                parser.current_channel  # noqa: B018
                parser.current_recipient  # noqa: B018
                parser.current_content  # noqa: B018


def conversation(library, said):
    """Build a conversation."""
    tools = [library.ToolDescription.new(**tool) for tool in said["tools"]]
    developer = library.DeveloperContent.new().with_instructions(said["instructions"])
    if tools:
        developer = developer.with_function_tools(tools)
    head = [
        library.Message.from_role_and_content(library.Role.SYSTEM, library.SystemContent.new()),
        library.Message.from_role_and_content(library.Role.DEVELOPER, developer),
    ]
    said = [message(library, item) for item in said["messages"]]
    return library.Conversation.from_messages([*head, *said])


def message(library, item):
    """Build a message."""
    author = library.Author(role=library.Role(item["role"]), name=item.get("name"))
    made = library.Message.from_author_and_content(author, item["text"])
    for field in ("channel", "recipient", "content_type"):
        if field in item:
            setattr(made, field, item[field])
    return made


WORKS = {
    "render": Render,
    "render grown": RenderGrown,
    "render reread": RenderReread,
    "render messages": RenderMessages,
    "parse": Parse,
    "stream": Stream,
    "stream content": StreamContent,
}
