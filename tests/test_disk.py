"""A file is there whole or not at all, one writer at a time, and a full disk is called that."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from locator.disk import exclusive_lock, to_data_error, try_lock, wrap_os_errors, write_atomically, write_whole
from locator.errors import DataError
from locator.i18n import explain


def test_what_is_written_is_whole_and_readable(tmp_path):
    path = tmp_path / "deep" / "file"
    write_whole(path, "一")
    assert path.read_text("utf-8") == "一" and path.stat().st_mode & 0o777 == 0o644
    write_whole(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_nothing_changes_when_writing_fails(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ValueError, match="half"), write_atomically(path) as draft:
        draft.write_text("half")
        raise ValueError("half way")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_goes_and_what_is_being_written_stays(tmp_path):
    path = tmp_path / "a[1].file"
    with write_atomically(path) as draft:
        draft.write_text("being written")
        left, other = tmp_path / f".{path.name}.dead.tmp", tmp_path / ".a1.file.dead.tmp"
        for file in (left, other):
            file.write_text("half")
            os.utime(file, (1e9, 1e9))
        write_whole(path, "second writer")
        assert draft.is_file() and not left.exists() and other.is_file()
    assert path.read_text() == "being written"


def test_the_name_may_follow_from_what_was_written(tmp_path):
    with write_atomically(tmp_path / "x", name=lambda draft: tmp_path / draft.read_text()) as draft:
        draft.write_text("named")
    assert [p.name for p in tmp_path.iterdir()] == ["named"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_full_disk_is_called_that(tmp_path, number, lang):
    with pytest.raises(DataError) as caught, wrap_os_errors(tmp_path / "layer"):
        raise OSError(number, os.strerror(number))
    assert caught.value.code == "disk_full" and str(tmp_path / "layer") in explain(caught.value, lang)
    assert ("磁盘已满" if lang == "zh" else "disk is full") in explain(caught.value, lang)


def test_another_reason_is_told_as_the_caller_says(tmp_path):
    error = to_data_error(PermissionError(errno.EACCES, "no right"), tmp_path / "x", code="not_writable")
    assert error.code == "not_writable" and "no right" in str(error)


def test_a_librarys_own_error_is_wrapped_where_it_is_named(tmp_path):
    class Broken(Exception):
        pass

    with pytest.raises(DataError), wrap_os_errors(tmp_path, also=(Broken,)):
        raise Broken("no")
    with pytest.raises(Broken), wrap_os_errors(tmp_path):
        raise Broken("no")
    with pytest.raises(OSError, match="not the system's"), wrap_os_errors(tmp_path):
        raise OSError("not the system's")


def test_a_real_limit_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    code = """
        import resource, sys
        from pathlib import Path
        from locator.disk import write_whole
        from locator.errors import DataError
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_whole(Path(sys.argv[1]), b"x" * 5000)
        except DataError as error:
            print(error.code)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "disk_full\n" and path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_one_holds_the_lock_until_it_ends(tmp_path):
    path = tmp_path / "layer"
    lock = Path(f"{path}.lock")
    with exclusive_lock(path):
        handle = os.open(lock, os.O_RDWR)
        assert not try_lock(handle)
    assert try_lock(handle)
    os.close(handle)
