"""Whatever is done to a message between two renderings shows in the second."""

import pytest

from harmonium.compat import openai_harmony as library

make = library.Message.from_role_and_content
Role = library.Role


def conversation():
    parameters = {"type": "object", "properties": {"a": {"default": 1}}}
    tool = library.ToolDescription.new("f", "d", parameters)
    developer = library.DeveloperContent.new().with_function_tools([tool])
    said = [make(Role.SYSTEM, library.SystemContent.new()), make(Role.DEVELOPER, developer)]
    for number in range(6):
        said.append(make(Role.USER, f"question {number}"))
        said.append(make(Role.ASSISTANT, f"thought {number}").with_channel("analysis"))
        said.append(make(Role.ASSISTANT, f"answer {number}").with_channel("final"))
    return library.Conversation.from_messages(said)


def tools_of(said):
    return said.messages[1].content[0].tools["functions"].tools


CHANGES = {
    "nothing": lambda _: None,
    "a text": lambda said: setattr(said.messages[5].content[0], "text", "other"),
    "a content": lambda said: said.messages[5].content.__setitem__(
        0, library.TextContent(text="other")
    ),
    "one more content": lambda said: said.messages[5].adding_content("more"),
    "no content": lambda said: said.messages[5].content.clear(),
    "another list": lambda said: setattr(said.messages[5], "content", []),
    "settings for a text": lambda said: said.messages[0].content.__setitem__(
        0, library.TextContent(text="be brief")
    ),
    "a channel": lambda said: said.messages[4].with_channel("commentary"),
    "no channel": lambda said: setattr(said.messages[4], "channel", None),
    "a recipient": lambda said: said.messages[4].with_recipient("functions.f"),
    "a content type": lambda said: said.messages[4].with_content_type("json"),
    "an author": lambda said: setattr(
        said.messages[5], "author", library.Author.new(Role.TOOL, "t")
    ),
    "an author's role": lambda said: setattr(said.messages[5].author, "role", Role.DEVELOPER),
    "an author's name": lambda said: setattr(said.messages[5].author, "name", "t"),
    "all fields at once": lambda said: setattr(
        said.messages[5], "__dict__", make(Role.USER, "other").__dict__
    ),
    "a message": lambda said: said.messages.__setitem__(5, make(Role.USER, "other")),
    "one message less": lambda said: said.messages.pop(5),
    "the last message less": lambda said: said.messages.pop(),
    "one message more": lambda said: said.messages.append(make(Role.USER, "more")),
    "a message in between": lambda said: said.messages.insert(9, make(Role.USER, "more")),
    "the order": lambda said: said.messages.reverse(),
    "the identity": lambda said: said.messages[0].content[0].with_model_identity("X"),
    "a tool's schema": lambda said: tools_of(said)[0].parameters["properties"].update(b={}),
    "a default that is equal": lambda said: (
        tools_of(said)[0].parameters["properties"]["a"].update(default=1.0)
    ),
    "no tools": lambda said: tools_of(said).clear(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("drop", [True, False], ids=["drop", "keep"])
def test_a_change_shows_in_the_next_rendering(change, drop):
    encoding = library.load_harmony_encoding("HarmonyGptOss")
    config = library.RenderConversationConfig(auto_drop_analysis=drop)
    said = conversation()
    encoding.render_conversation_for_completion(said, Role.ASSISTANT, config)
    CHANGES[change](said)
    anew = library.Conversation.from_json(said.to_json())
    wanted = encoding.render_conversation_for_completion(anew, Role.ASSISTANT, config)
    assert encoding.render_conversation_for_completion(said, Role.ASSISTANT, config) == wanted
    assert encoding.render_conversation_for_completion(said, Role.ASSISTANT, config) == wanted


def test_a_message_that_lost_a_field_is_not_taken_for_what_it_was():
    encoding = library.load_harmony_encoding("HarmonyGptOss")
    said = conversation()
    encoding.render_conversation_for_completion(said, Role.ASSISTANT)
    del said.messages[5].channel
    with pytest.raises(AttributeError, match="channel"):
        encoding.render_conversation_for_completion(said, Role.ASSISTANT)
