"""The same work through harmonium's own API; see compatible. `library` is harmonium."""


class Work:
    """Prepare, then run."""

    def __init__(self, library, data):
        self.api = library
        self.encoding = library.load_encoding()
        self.data = data
        self.prepare()

    def prepare(self):
        """Build what `run` needs."""

    def outcome(self, found):
        """Return plain data; `found` is what `run` returned."""
        return found


class Render(Work):
    """Render a conversation never seen before, for completion."""

    def prepare(self):
        self.conversation = conversation(self.api, self.data)

    def run(self):
        return self.encoding.render(
            self.conversation, "assistant", profile="oss", history="library"
        )


class RenderGrown(Work):
    """Render a conversation that was rendered before, turn after turn."""

    def prepare(self):
        said = conversation(self.api, self.data["said"])
        self.render(said)
        self.conversations = []
        for turn in self.data["turns"]:
            said = self.api.Conversation([*said, *(message(self.api, item) for item in turn)])
            self.conversations.append(said)

    def render(self, said):
        return self.encoding.render(said, "assistant", profile="oss", history="library")

    def run(self):
        return [self.render(said) for said in self.conversations]


class RenderReread(RenderGrown):
    """The same, with every object made anew, as when each request brings the whole as JSON."""

    def prepare(self):
        super().prepare()
        write, read = self.api.conversation_to_json, self.api.conversation_from_json
        self.conversations = [read(write(said)) for said in self.conversations]


class RenderMessages(Work):
    """Render single messages, one call each."""

    def prepare(self):
        self.messages = [[message(self.api, item)] for item in self.data]

    def run(self):
        render = self.encoding.render
        return [render(item, profile="oss") for item in self.messages]


class Parse(Work):
    """Parse whole completions, one call each."""

    def prepare(self):
        self.data = [list(ids) for ids in self.data]  # they have just arrived

    def run(self):
        parse = self.encoding.parse
        return [parse(ids) for ids in self.data]

    def outcome(self, found):
        return [[message.text for message in messages] for messages in found]


class ParseEvents(Parse):
    """Feed whole completions at once, for an event at every token."""

    def run(self):
        for ids in self.data:
            parser = self.encoding.parser()
            parser.feed(ids)
            parser.close()

    def outcome(self, _):
        return None


class Stream(ParseEvents):
    """Stream completions token by token; each delta with its channel and recipient."""

    def run(self):
        started, delta = self.api.MessageStarted, self.api.ContentDelta
        for ids in self.data:
            parser = self.encoding.parser()
            feed = parser.feed
            for token in ids:
                for event in feed(token):
                    if type(event) is delta:
                        event.text  # noqa: B018  (reading is the work)
                    elif type(event) is started:
                        event.channel  # noqa: B018  (it stays so until the next message)
                        event.recipient  # noqa: B018
            parser.close()


class StreamContent(ParseEvents):
    """Stream completions token by token, asking for the open message each time."""

    def run(self):
        for ids in self.data:
            parser = self.encoding.parser()
            feed = parser.feed
            for token in ids:
                feed(token)
                now = parser.open_message
                if now is not None:
                    now.channel  # noqa: B018  (reading is the work)
                    now.recipient  # noqa: B018
            parser.close()


def conversation(library, said):
    """Build a conversation."""
    tools = tuple(library.ToolDescription(**tool) for tool in said["tools"])
    spaces = (library.ToolNamespace.functions(tools),) if tools else ()
    head = [
        library.Message.system(),
        library.Message.developer(library.DeveloperContent(said["instructions"], spaces)),
    ]
    return library.Conversation([*head, *(message(library, item) for item in said["messages"])])


def message(library, item):
    """Build a message."""
    author = library.Author(library.Role(item["role"]), item.get("name"))
    fields = {key: item.get(key) for key in ("channel", "recipient", "content_type")}
    return library.Message(author, item["text"], **fields)


WORKS = {
    "render": Render,
    "render grown": RenderGrown,
    "render reread": RenderReread,
    "render messages": RenderMessages,
    "parse": Parse,
    "parse events": ParseEvents,
    "stream": Stream,
    "stream content": StreamContent,
}
