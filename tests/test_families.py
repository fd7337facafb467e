"""Pictures that belong together are one kind: sequences, folders of like pictures, pictures with the same colours."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from PIL import Image

from depixel.families import Families, stem_of
from depixel.picture import Picture

Colours = tuple[tuple[int, int, int], ...]
DRAWN, PAINTED = (255, 0, 0), (0, 0, 0)


class Folder:
    """A folder in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.whole: list[str] = []

    def names(self, folder: str) -> Iterable[str]:
        return [path for path in self.files if path.startswith(f"{folder}/")]

    def folders(self, folder: str) -> Iterable[str]:
        parents = {path.rpartition("/")[0] for path in self.files}
        return [parent for parent in parents if parent.rpartition("/")[0] == folder]

    def read(self, path: str, most: int | None = None) -> bytes:
        if most is None:
            self.whole.append(path)
        return self.files[path][:most]


def _png(corner: tuple[int, int, int], seed: int, colours: Colours = (), size: int = 8) -> bytes:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(1, 250, (size, size, 3), dtype=np.uint8)
    if colours:
        pixels = np.array(colours, np.uint8)[rng.integers(0, len(colours), (size, size))]
    pixels[0, 0] = corner
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _by_corner(picture: Picture) -> str:
    return "pixel-art" if picture.frames[0][0, 0, 0] == 255 else "art"


def _kinds(files: Mapping[str, bytes]) -> dict[str, str | None]:
    families = Families(Folder(files), _by_corner, lambda family: None)
    return {path.rpartition("/")[2]: families.kind_for(path, _picture(data)) for path, data in files.items()}


def _picture(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data)) as image:
        return Picture((np.asarray(image),))


def test_where_votes_are_close_equal_colours_decide() -> None:
    """
    Eight pictures of equal size and different names, five of them drawn: too close to decide the folder. Those in green
    follow their majority, those in blue theirs, and one without relatives stays what it is.
    """
    green, blue = ((0, 90, 0), (0, 200, 40)), ((0, 0, 90), (40, 0, 200))
    files = {
        "a/axe.png": _png(DRAWN, 1, green),
        "a/bow.png": _png(DRAWN, 2, green),
        "a/cup.png": _png(PAINTED, 3, green),
        "a/egg.png": _png(PAINTED, 4, blue),
        "a/fan.png": _png(PAINTED, 5, blue),
        "a/gem.png": _png(DRAWN, 6, blue),
        "a/hat.png": _png(DRAWN, 7),
        "a/ink.png": _png(DRAWN, 8),
    }

    kinds = _kinds(files)

    assert {kinds[name] for name in ("axe.png", "bow.png", "cup.png")} == {"pixel-art"}
    assert kinds["gem.png"] == "art"
    assert kinds["egg.png"] is None and kinds["fan.png"] is None  # already what their family is
    assert kinds["hat.png"] is None and kinds["ink.png"] is None


def test_a_sequence_comes_before_colours() -> None:
    """Frames of one name are one set, even if another set shares their colours."""
    green = ((0, 90, 0), (0, 200, 40))
    files = {f"a/walk-{k}.png": _png(PAINTED if k else DRAWN, k, green) for k in range(3)}
    files |= {f"a/{name}.png": _png(DRAWN, 9 + k, green) for k, name in enumerate(("bow", "cup", "egg"))}

    kinds = _kinds(files)

    assert kinds["walk-0.png"] == "art"
    assert {kinds[f"{name}.png"] for name in ("bow", "cup", "egg")} == {"pixel-art"}


def test_folders_of_directions_hold_one_sequence() -> None:
    """One of four directions looks like art: it follows the others. Folders with names of their own do not."""
    directions = {
        f"orc/walk/{way}/{k}.png": _png(PAINTED if way == "s" else DRAWN, k) for way in "nesw" for k in (0, 1)
    }
    others = {f"a/{name}/0.png": _png(PAINTED if name == "elf" else DRAWN, 9) for name in ("orc", "elf", "imp")}
    families = Families(Folder(directions | others), _by_corner, lambda family: None)

    def kind(path: str) -> str | None:
        return families.kind_for(path, _picture((directions | others)[path]))

    assert kind("orc/walk/s/0.png") == kind("orc/walk/n/1.png") == "pixel-art"
    assert kind("a/elf/0.png") is None


def test_a_few_pictures_of_equal_size_are_no_set() -> None:
    """Three emoji and a drawn frog of 32x32 pixels: the frog stays pixel art. One of eight icons follows the others."""
    few = {
        f"a/{name}.png": _png(DRAWN if name == "frog" else PAINTED, k) for k, name in enumerate(("bee", "frog", "ox"))
    }
    many = {f"a/{name}.png": _png(DRAWN if name == "h" else PAINTED, k) for k, name in enumerate("pqrtuvhz")}

    assert set(_kinds(few).values()) == {None}
    assert _kinds({path.replace("/", "/icon "): data for path, data in many.items()})["icon h.png"] == "art"


def test_the_overruling_kind_says_who_changes() -> None:
    """Only the members that would be of another kind by themselves."""
    files = {f"a/walk-{k}.png": _png(DRAWN if k else PAINTED, k) for k in range(3)}
    families = Families(Folder(files), _by_corner, lambda family: None)

    overruling = {path: families.overruling_kind(path, _picture(data)) for path, data in files.items()}

    assert overruling == {"a/walk-0.png": "pixel-art", "a/walk-1.png": None, "a/walk-2.png": None}


def test_large_pictures_and_single_ones_are_left_to_the_engine() -> None:
    """Pixel art is small, and one picture is no family: nothing else is read."""
    folder = Folder({"a/one.png": _png(DRAWN, 1), "a/large-1.png": _png(DRAWN, 2, size=300)})
    families = Families(folder, _by_corner, lambda family: None)

    assert families.kind_for("a/one.png", _picture(folder.files["a/one.png"])) is None
    assert families.kind_for("a/large-1.png", _picture(folder.files["a/large-1.png"])) is None
    assert folder.whole == []


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("guard-attack-2.png", "guard"),
        ("a/hero_n.png", "hero"),
        ("walk12.png", "walk"),
        ("sky_ft.tga", "sky"),
        ("button_normal.png", "button"),
        ("n.png", ""),
    ],
)
def test_what_the_names_of_a_sequence_share(name: str, stem: str) -> None:
    """Numbers, directions and states do not distinguish the members of a sequence."""
    assert stem_of(name) == stem


@pytest.mark.parametrize("corner", [DRAWN, PAINTED])
def test_a_map_beside_sprites_is_not_decided_by_them(corner: tuple[int, int, int]) -> None:
    """A normal map whose name says nothing, in a folder of pictures of its size."""
    files = {
        f"a/{name}.png": _png(corner, seed)
        for seed, name in enumerate(["axe", "bow", "cup", "egg", "fan", "gem", "hat", "ink", "jar"])
    }
    files["a/hero_n.png"] = _png((0, 0, 255), 10)
    families = Families(
        Folder(files), lambda p: "normals" if p.frames[0][0, 0, 2] == 255 else _by_corner(p), lambda family: None
    )

    assert families.kind_for("a/hero_n.png", _picture(files["a/hero_n.png"])) is None
    assert families.overruling_kind("a/hero_n.png", _picture(files["a/hero_n.png"])) is None
    assert families.kind_for("a/axe.png", _picture(files["a/axe.png"])) == ("pixel-art" if corner == DRAWN else None)
