"""Short ways to write messages and to look at them."""

from harmonium.compat.openai_harmony import Author, Message, Role, TextContent


def assistant(*texts, channel=None, to=None, kind=None):
    """An assistant's message of one part a text."""
    parts = [TextContent(text=text) for text in texts]
    said = Message.from_role_and_contents(Role.ASSISTANT, parts)
    said.channel, said.recipient, said.content_type = channel, to, kind
    return said


def message(role, *texts, channel=None):
    """Anybody's message."""
    said = Message.from_role_and_contents(Role(role), [TextContent(text=text) for text in texts])
    said.channel = channel
    return said


def call(name, arguments):
    """A call of a function, as histories have it."""
    return assistant(arguments, channel="commentary", to=f"functions.{name}", kind="json")


def result(author, text, *, channel="commentary", to=None):
    """A tool's message."""
    said = Message(author=Author.new(Role.TOOL, author), content=[TextContent(text=text)])
    said.channel, said.recipient = channel, to
    return said


class Model:
    """Something with a ``model_dump``, as pydantic's objects have it."""

    def __init__(self, **fields):
        self._fields = fields

    def model_dump(self, *, exclude_none=False):
        return {
            name: value
            for name, value in self._fields.items()
            if value is not None or not exclude_none
        }


def shown(messages):
    """Messages as plain data, to compare whole lists."""
    return [said.to_dict() for said in messages]
