import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radflow.config import strict_yaml
from radflow.new.found import Entry
from radflow.new.yaml_text import lines, scalar

ODD = [
    "NO",
    "1e5",
    "007",
    "a: b",
    "it's",
    'say "x"',
    "#1",
    "- x",
    "日本",
    "",
    " x ",
    "~",
    "{a}",
    "a\\b",
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def read(entries):
    return strict_yaml.parse("\n".join(lines(entries)) + "\n")[0]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_read_back_as_texts(text):
    assert read([Entry("key", text), Entry(text or "x", [text, {text: text}])])["key"] == text


@given(VALUES)
@example("\x85\u2028\ufeff")
def test_any_value_reads_back(value):
    assert read([Entry("key", value, "a comment: # with - signs")]) == {"key": value}


@given(TEXT)
def test_any_text_is_a_key(key):
    if key != "<<":
        assert read([Entry(key, 1)]) == {key: 1}


@given(TEXT)
def test_a_comment_never_becomes_content(comment):
    assert read([Entry("key", 1, comment)]) == {"key": 1}


def test_numbers_stay_numbers_and_sections_are_nested_with_their_comments():
    entries = [Entry("a", [Entry(1, 2.5, "inner"), Entry("b", {})], "outer")]
    assert list(lines(entries)) == ["# outer", "a:", "  # inner", "  1: 2.5", "  b: {}"]
    assert read(entries) == {"a": {1: 2.5, "b": {}}}


def test_plain_words_are_not_quoted():
    assert scalar("not stated") == "not stated"
    assert scalar("No") == '"No"'
