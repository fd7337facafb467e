from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from depixel.errors import OutputExistsError, PictureTooLargeError, UnreadablePictureError, UnwritableOutputError
from depixel.files import Limits, encode, read, write
from depixel.picture import Picture

PICTURE = Picture((np.arange(48, dtype=np.uint8).reshape(4, 4, 3),))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes into it; reading must not block."""
    os.mkfifo(tmp_path / "pipe.png")

    with pytest.raises(UnreadablePictureError, match="not a readable file"):
        read(tmp_path / "pipe.png")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file of many gigabytes is refused by its size; here a sparse one."""
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(5 * 2**30)

    with pytest.raises(PictureTooLargeError, match="5120 MB"):
        read(tmp_path / "huge.png")


def test_names_with_a_nul(tmp_path: Path) -> None:
    """An impossible file name gives a sentence, for reading and for writing."""
    with pytest.raises(UnreadablePictureError):
        read(f"{tmp_path}/a\0b.png")
    with pytest.raises((UnwritableOutputError, OutputExistsError)):
        write(f"{tmp_path}/a\0b.png", PICTURE, overwrite=True)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """300 characters exceed the limit of file systems; 255 bytes do not, and leave room for the temporary name."""
    with pytest.raises(UnwritableOutputError, match="too long"):
        write(tmp_path / ("n" * 300 + ".png"), PICTURE)
    write(tmp_path / ("n" * 251 + ".png"), PICTURE)

    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A new one gets the user's default, not that of a temporary file."""
    (tmp_path / "old.png").write_bytes(b"x")
    (tmp_path / "old.png").chmod(0o640)
    before = os.umask(0o022)
    try:
        write(tmp_path / "old.png", PICTURE, overwrite=True)
        write(tmp_path / "new.png", PICTURE)
    finally:
        os.umask(before)

    assert (tmp_path / "old.png").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new.png").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("links", [True, False])
def test_of_many_writers_one_wins(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without permission to overwrite, exactly one writer gets the name, even if the file system has no hard links."""
    if not links:

        def refuse(*_: object) -> None:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

        monkeypatch.setattr(os, "link", refuse)
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            write(tmp_path / "one.png", PICTURE)
            outcomes.append("written")
        except OutputExistsError:
            outcomes.append("exists")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["exists"] * 7 + ["written"]
    assert [path.name for path in tmp_path.iterdir()] == ["one.png"]
    assert np.array_equal(read(tmp_path / "one.png").frames[0], PICTURE.frames[0])


def test_a_raised_limit_allows_one_large_frame(tmp_path: Path) -> None:
    """The limit for all frames together does not apply to a still picture whose own limit was raised."""
    write(tmp_path / "a.png", PICTURE)

    assert read(tmp_path / "a.png", Limits(pixels=16, all_frames=4)).width == 4
    with pytest.raises(PictureTooLargeError, match="2 per side"):
        read(tmp_path / "a.png", Limits(side=2))


def test_a_symbolic_link_is_read_through(tmp_path: Path) -> None:
    """A link to a picture is that picture, with the link's name."""
    (tmp_path / "real.png").write_bytes(encode(PICTURE))
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")

    assert read(tmp_path / "link.png").name == "link.png"
