"""Every form of header, in every profile, as the format prints it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harmonium.errors import InvalidInputError, InvalidMessageError
from harmonium.render import (
    GUIDE,
    PROFILES,
    VLLM,
    Header,
    Profile,
    RenderOptions,
    header_segments,
    plain_text,
    profile_named,
)

C_R_J = "<|channel|>commentary to={to} <|constrain|>json"
R_C_J = " to={to}<|channel|>commentary <|constrain|>json"
R_C_PLAIN = " to={to}<|channel|>commentary json"
CALL = Header("assistant", None, "functions.f", "commentary", "json")
MARKED_CALL = CALL._replace(content_type="<|constrain|>json")
RESULT = Header("tool", "functions.f", "assistant", "commentary", "json")
USER = Header("user", "ann", "functions.f", "commentary", "json")


def printed(header: Header, profile: str | Profile) -> str:
    return plain_text(header_segments(header, profile_named(profile)))


@pytest.mark.parametrize(
    ("header", "author", "forms"),
    [
        (CALL, "assistant", {"guide": C_R_J, "oss": C_R_J, "legacy": R_C_PLAIN, "vllm": R_C_PLAIN}),
        (
            MARKED_CALL,
            "assistant",
            {"guide": C_R_J, "oss": C_R_J, "legacy": R_C_J, "vllm": R_C_J},
        ),
        (RESULT, "functions.f", {"guide": R_C_J, "oss": C_R_J, "legacy": R_C_PLAIN, "vllm": C_R_J}),
        (USER, "user:ann", {"guide": R_C_J, "oss": C_R_J, "legacy": R_C_PLAIN, "vllm": C_R_J}),
    ],
    ids=["call", "call with a marked type", "tool result", "named user"],
)
@pytest.mark.parametrize("profile", list(PROFILES))
def test_a_message_to_somebody_on_commentary(
    header: Header, author: str, forms: dict[str, str], profile: str
) -> None:
    form = forms[profile].format(to=header.recipient)
    assert printed(header, profile) == f"<|start|>{author}{form}<|message|>"


@pytest.mark.parametrize("profile", list(PROFILES))
@pytest.mark.parametrize("channel", ["analysis", "final", "commentary "])
def test_on_other_channels_the_recipient_comes_first(profile: str, channel: str) -> None:
    header = Header("assistant", None, "python", channel)
    assert printed(header, profile) == (
        f"<|start|>assistant to=python<|channel|>{channel}<|message|>"
    )


@pytest.mark.parametrize("profile", list(PROFILES))
@pytest.mark.parametrize(
    ("header", "form"),
    [
        (Header("user"), "<|start|>user<|message|>"),
        (Header("system"), "<|start|>system<|message|>"),
        (Header("developer"), "<|start|>developer<|message|>"),
        (Header("assistant", channel="final"), "<|start|>assistant<|channel|>final<|message|>"),
        (Header("assistant", recipient="all"), "<|start|>assistant<|message|>"),
        (Header("assistant", "bot"), "<|start|>assistant:bot<|message|>"),
        (Header("tool", "python"), "<|start|>python<|message|>"),
        (
            Header("assistant", None, "all", "commentary"),
            "<|start|>assistant<|channel|>commentary<|message|>",
        ),
        (
            Header("assistant", None, None, "final", "<|constrain|>json"),
            "<|start|>assistant<|channel|>final <|constrain|>json<|message|>",
        ),
    ],
)
def test_forms_on_which_all_profiles_agree(header: Header, form: str, profile: str) -> None:
    assert printed(header, profile) == form


@pytest.mark.parametrize(
    ("profile", "form"),
    [("guide", " <|constrain|>json"), ("oss", " <|constrain|>json"), ("legacy", " json"),
     ("vllm", " <|constrain|>json")],
)  # fmt: skip
def test_a_content_type_without_its_mark_on_an_answer(profile: str, form: str) -> None:
    header = Header("assistant", None, None, "final", "json")
    assert printed(header, profile) == f"<|start|>assistant<|channel|>final{form}<|message|>"


def test_a_profile_of_ones_own_turns_one_knob_of_another() -> None:
    mine = replace(GUIDE, name="mine", constrain="as_given")
    assert printed(CALL, mine) == (
        "<|start|>assistant<|channel|>commentary to=functions.f json<|message|>"
    )
    assert RenderOptions(profile=mine).dialect is mine


@pytest.mark.parametrize("knob", ["channel_first", "constrain", "exponent_sign"])
def test_a_knob_that_is_set_wrong_is_an_error(knob: str) -> None:
    with pytest.raises(InvalidInputError, match=f"unknown {knob}"):
        replace(VLLM, **{knob: "sometimes"})


@pytest.mark.parametrize("profile", ["chatml", "", None, 3, GUIDE.name.upper()])
def test_an_unknown_profile_is_an_error_that_lists_the_known_ones(profile: object) -> None:
    with pytest.raises(InvalidInputError, match="guide, oss, legacy, vllm") as caught:
        profile_named(profile)
    assert caught.value.code == "unknown_profile"


def test_a_tool_without_a_name_is_an_error() -> None:
    with pytest.raises(InvalidMessageError) as caught:
        header_segments(Header("tool"), GUIDE)
    assert caught.value.code == "tool_without_name"


def test_every_segment_of_a_header_knows_where_it_comes_from() -> None:
    origins = [segment.origin for segment in header_segments(CALL, GUIDE, 3)]
    assert [origin.field for origin in origins] == [
        "role", "role", "channel", "channel", "recipient",
        "content_type", "content_type", "content_type", "content",
    ]  # fmt: skip
    assert {(origin.message, origin.role, origin.channel) for origin in origins} == {
        (3, "assistant", "commentary")
    }
