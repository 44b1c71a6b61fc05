"""Every patch fits the installed release; a release that moved what a patch counts on is named with the patch."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.components.v2 import presentation

from locator.web import streamlit_patches
from locator.web.streamlit_patches import (
    FRONT_END_MARKS,
    PATCHES,
    PRESENTER,
    apply_patches,
    check_patch,
    component,
    share_panel_events,
    static_folder,
)

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_each_patch_fits_the_installed_release(patch):
    assert check_patch(patch) is None


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_each_patched_package_has_an_upper_bound(patch):
    wanted = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["dependencies"]
    (line,) = [line for line in wanted if line.split(">=")[0] == patch.package]
    assert "," in line and "<" in line, f"{line}: {patch.name} is read from {patch.read_from}"


def test_the_front_end_still_has_what_the_page_finds_in_it():
    scripts = [path.read_text("utf-8", "replace") for path in (static_folder() / "static" / "js").glob("*.js")]
    assert [mark for mark in FRONT_END_MARKS if not any(mark in script for script in scripts)] == []


@pytest.mark.parametrize("fault", [False, AttributeError("gone"), OSError("no file")])
def test_a_patch_that_no_longer_fits_is_named_and_left_out(fault, monkeypatch, caplog):
    def fits():
        if isinstance(fault, Exception):
            raise fault
        return fault

    patch = replace(PATCHES[0], fits=fits, apply=lambda: pytest.fail("applied"))
    monkeypatch.setattr(streamlit_patches, "PATCHES", (patch,))
    monkeypatch.setattr(streamlit_patches.log, "propagate", True)
    apply_patches()
    installed = metadata.version(patch.package)
    assert f"{patch.package} {installed}: the patch “{patch.name}”, read from {patch.read_from}" in (
        check_patch(patch) or ""
    )


EVENTS = (
    None,
    [],
    [{"event": "act", "value": {"act": "ask", "text": "济南"}}],
    [{"event": "act", "value": {"n": 1}}, {"event": "act", "value": {"n": 2}}, {"event": "other", "value": None}],
    {"event": "act", "value": {"act": "lang"}},
    ["no event", {"value": 1}],
)


@pytest.mark.parametrize("given", EVENTS)
@pytest.mark.parametrize("base", [{}, {"kept": 1}, None, "text"])
def test_a_panels_events_are_what_streamlit_itself_presents(monkeypatch, given, base):
    own = presentation.make_bidi_component_presenter("events", "id", {"act"})
    monkeypatch.setattr(component, PRESENTER, getattr(component, PRESENTER))  # it is back after the test
    share_panel_events()
    ours = getattr(component, PRESENTER)("events", "id", {"act"})

    class Widgets(dict):
        widget_metadata = {"events": SimpleNamespace(value_type="json_trigger_value")}  # noqa: RUF012

    state = SimpleNamespace(_new_widget_state=Widgets() if given is None else Widgets(events=given))
    wanted, got = own(base, state), ours(base, state)
    assert got == wanted
    if isinstance(base, dict):
        assert getattr(got, "act", None) == wanted.act
