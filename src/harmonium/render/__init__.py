"""Conversations to tokens: segments first, ids last. Nothing here reads tokens back."""

from harmonium.render.conversation import (
    conversation_segments,
    message_segments,
    prompt_segments,
)
from harmonium.render.debug_text import golden_text, plain_text
from harmonium.render.encode import encode_pieces, encode_segments
from harmonium.render.flat_messages import (
    FlatMessage,
    LazySettings,
    flat_message_of,
    flat_messages_of,
    offers_functions,
)
from harmonium.render.header import Header, header_segments
from harmonium.render.history import History, kept_messages
from harmonium.render.id_writer import IdWriter, utterance_ids
from harmonium.render.masks import MaskedTokens, produced_segments, token_mask
from harmonium.render.options import RenderOptions
from harmonium.render.profiles import (
    GUIDE,
    LEGACY,
    OSS,
    PROFILES,
    VLLM,
    Profile,
    ProfileName,
    profile_named,
)
from harmonium.render.prompt_cache import MessageAdapter, Prompt, cached_ids, conversation_ids
from harmonium.render.schema import schema_text
from harmonium.render.segments import Origin, Segment, Special, Text
from harmonium.render.text_rules import TextRules

__all__ = [
    "GUIDE",
    "LEGACY",
    "OSS",
    "PROFILES",
    "VLLM",
    "FlatMessage",
    "Header",
    "History",
    "IdWriter",
    "LazySettings",
    "MaskedTokens",
    "MessageAdapter",
    "Origin",
    "Profile",
    "ProfileName",
    "Prompt",
    "RenderOptions",
    "Segment",
    "Special",
    "Text",
    "TextRules",
    "cached_ids",
    "conversation_ids",
    "conversation_segments",
    "encode_pieces",
    "encode_segments",
    "flat_message_of",
    "flat_messages_of",
    "golden_text",
    "header_segments",
    "kept_messages",
    "message_segments",
    "offers_functions",
    "plain_text",
    "produced_segments",
    "profile_named",
    "prompt_segments",
    "schema_text",
    "token_mask",
    "utterance_ids",
]
