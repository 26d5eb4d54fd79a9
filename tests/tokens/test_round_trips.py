"""Every id has its bytes, and every token's bytes have their id."""

import pytest

from harmonium.errors import InvalidInputError, UnknownTokenError
from harmonium.tokens import SPECIAL_TOKENS, TokenTable, load_tokenizer
from tests.tokens.texts import generated

HIGHEST = 201_088


@pytest.mark.slow
def test_every_id_goes_to_bytes_and_back(tokenizer, reference):
    ids = range(HIGHEST + 1)
    given = [tokenizer.table[token] for token in ids]
    assert given == reference.decode_tokens_bytes(list(ids))
    assert [tokenizer.encode_single_token(token) for token in given] == list(ids)
    assert tokenizer.decode_bytes(ids) == b"".join(given)


def test_the_special_tokens_are_their_texts(tokenizer):
    assert {text: tokenizer.encode_single_token(text) for text in SPECIAL_TOKENS} == SPECIAL_TOKENS
    assert tokenizer.decode(SPECIAL_TOKENS.values()) == "".join(SPECIAL_TOKENS)
    assert [token for token in range(HIGHEST + 10) if tokenizer.is_special_token(token)] == sorted(
        SPECIAL_TOKENS.values()
    )


def test_text_comes_back_from_its_tokens(tokenizer):
    texts = generated(5, 1_000)
    batch = tokenizer.encode_batch(texts, disallowed_special=())
    assert tokenizer.decode_batch(batch) == texts
    assert [tokenizer.count(text) for text in texts] == [len(tokens) for tokens in batch]


def test_bytes_that_are_no_text_decode_as_asked(tokenizer):
    half = tokenizer.encode_single_token(b"\xf0")
    assert tokenizer.decode([half]) == "\ufffd"
    assert tokenizer.decode([half], errors="ignore") == ""
    assert tokenizer.decode_bytes([half]) == tokenizer.token_bytes(half) == b"\xf0"
    with pytest.raises(UnicodeDecodeError):
        tokenizer.decode([half], errors="strict")


def test_sizes_are_those_of_the_encoding(tokenizer):
    assert (tokenizer.max_token_value, tokenizer.n_vocab) == (HIGHEST, HIGHEST + 1)
    assert len(tokenizer.vocabulary) == 199_998
    assert load_tokenizer("o200k_base").max_token_value == 200_018


class Index:
    """An integer of another library, such as numpy's."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def test_integers_of_other_libraries_are_ids(tokenizer):
    assert tokenizer.decode([Index(200_006), Index(24_912)]) == "<|start|>hello"
    assert tokenizer.table[Index(24_912)] == tokenizer.table[Index(24_912)] == b"hello"
    assert tokenizer.decode(iter([24_912])) == "hello"


NO_IDS = [
    -1,
    HIGHEST + 1,
    2**32,
    2**70,
    -(2**70),
    1.0,
    float("nan"),
    True,
    None,
    "a",
    b"a",
    [1],
    (),
    1j,
]


@pytest.mark.parametrize("token", NO_IDS, ids=repr)
@pytest.mark.parametrize("warm", [False, True])
def test_what_is_no_id_is_named_with_its_place(token, warm, tokenizer):
    fresh = TokenTable(tokenizer.vocabulary, SPECIAL_TOKENS)
    if warm:
        fresh.join(range(10))
    with pytest.raises(UnknownTokenError) as caught:
        fresh.join([1, 2, token, 3])
    assert (caught.value.code, caught.value.position.token) == ("unknown_token", 2)


@pytest.mark.parametrize(
    "tokens",
    [None, 7, 1.5, "12", b"12", bytearray(2), {1: 2}, object()],
    ids=lambda tokens: type(tokens).__name__,
)
def test_what_is_no_sequence_of_ids_is_refused(tokens, tokenizer):
    with pytest.raises(InvalidInputError):
        tokenizer.decode(tokens)


def test_no_ids_are_no_text(tokenizer):
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode_bytes(()) == b""
    assert tokenizer.encode("") == tokenizer.encode("", allowed_special="all") == []


@pytest.mark.parametrize("text", [None, b"a", 7, ["a"], bytearray(b"a")], ids=repr)
@pytest.mark.parametrize("method", ["encode", "encode_ordinary", "count"])
def test_what_is_no_text_is_refused(method, text, tokenizer):
    with pytest.raises(InvalidInputError) as caught:
        getattr(tokenizer, method)(text)
    assert "text must be a string" in caught.value.message


@pytest.mark.parametrize("wrong", ["<|end|>", 7, None], ids=repr)
@pytest.mark.parametrize("which", ["allowed_special", "disallowed_special"])
def test_what_is_no_set_of_special_tokens_is_refused(which, wrong, tokenizer):
    with pytest.raises(InvalidInputError):
        tokenizer.encode("a", **{which: wrong})


@pytest.mark.parametrize("single", ["hello world", b"hello world", "", b"", "\ud800"], ids=ascii)
def test_what_is_no_single_token_is_said_to_be_none(single, tokenizer):
    with pytest.raises(UnknownTokenError):
        tokenizer.encode_single_token(single)


@pytest.mark.parametrize("wrong", [1.5, None, "a", True], ids=repr)
def test_only_integers_can_be_special(wrong, tokenizer):
    with pytest.raises(InvalidInputError):
        tokenizer.is_special_token(wrong)


def test_errors_never_quote_the_text(tokenizer):
    with pytest.raises(InvalidInputError) as caught:
        tokenizer.encode("my secret <|end|>")
    assert "secret" not in str(caught.value)
