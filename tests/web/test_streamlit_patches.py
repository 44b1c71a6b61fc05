"""Every patch fits the installed release; a release that moved what a patch counts on is named with the patch."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from locator.web import streamlit_patches
from locator.web.streamlit_patches import FRONT_END_MARKS, PATCHES, apply_patches, check_patch, static_folder

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
