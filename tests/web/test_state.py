"""The address bar is plain text that is checked word by word."""

from __future__ import annotations

from hostile import CORPUS, looped
from hypothesis import given
from hypothesis import strategies as st

from locator.model import Kind, Mode, Person, Task
from locator.web.state import LIMITS, PageState, parse_state, to_params

codes = st.one_of(st.none(), st.integers(100000, 999999).map(str))
states = st.builds(
    PageState,
    task=st.sampled_from(Task),
    person=st.sampled_from(Person),
    kind=st.one_of(st.none(), st.sampled_from(Kind)),
    open_now=st.booleans(),
    limit=st.sampled_from(LIMITS),
    mode=st.sampled_from(Mode),
    area=codes,
    region=codes,
    hours=st.booleans(),
    chosen=st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,40}", fullmatch=True)),
    lang=st.sampled_from(("zh", "en")),
    large=st.booleans(),
)


@given(states, st.sampled_from(("zh", "en")))
def test_every_state_survives_the_address_bar(state, default):
    assert parse_state(to_params(state, default_lang=default), default_lang=default) == state


@given(
    st.dictionaries(
        st.sampled_from(
            sorted(to_params(PageState(task=Task.PIN, large=True)) | {"id": "", "area": "", "limit": "", "lang": ""})
        ),
        st.text(),
    )
)
def test_any_address_gives_a_state(params):
    state = parse_state(params)
    assert parse_state(to_params(state)) == state


@looped("word", CORPUS)
def test_a_hostile_word_counts_as_not_there(word):
    names = (
        "task",
        "person",
        "kind",
        "open",
        "limit",
        "mode",
        "area",
        "region",
        "hours",
        "id",
        "lang",
        "large",
    )
    assert parse_state(dict.fromkeys(names, word)) == PageState()


def test_the_default_state_leaves_the_address_bar_empty():
    assert to_params(PageState()) == {}
    assert to_params(PageState(lang="zh"), default_lang="en") == {"lang": "zh"}
