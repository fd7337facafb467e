"""A name is a hint, content decides; related pictures are decided once; archives are recognised by content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nearest_worker import NearestWorker
from pack_desk import Desk, normals
from PIL import Image

from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel_watch.packs.archive import PackOptions, rewrite
from depixel_watch.packs.confirmation import is_grey, is_map, normals_form
from depixel_watch.packs.profiles import OWN_PROFILES, load, recognise_folder
from depixel_watch.work.limits import SizeLimits

RNG = np.random.default_rng(5)


def _picture(pixels: np.ndarray) -> Picture:
    return Picture((pixels.astype(np.uint8),), mode="RGBA" if pixels.shape[2] == 4 else "RGB")


def _button() -> np.ndarray:
    """Flat colours on a transparent background."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[3:13, 2:14] = (250, 240, 200, 255)
    pixels[4:12, 3:13] = (40, 90, 180, 255)
    return pixels


def _swizzled(seed: int) -> np.ndarray:
    """DXT5nm: x in alpha, y in green, red and blue constant."""
    vectors = normals((16, 16), seed)
    out = np.full((16, 16, 4), 255, np.uint8)
    out[..., 3], out[..., 1] = vectors[..., 0], vectors[..., 1]
    return out


def test_forms_of_normal_maps() -> None:
    """Unit vectors in colour, in other channels, or x and y next to a colour; not a button, and not a photograph."""
    vectors = normals((16, 16), 1)
    other_order = np.dstack([RNG.integers(0, 256, (16, 16, 1)), vectors[..., 2:], vectors[..., 1:2], vectors[..., :1]])
    photograph = RNG.integers(0, 256, (16, 16, 3)).repeat(2, 0)

    assert normals_form(_picture(vectors), has_colour=False) == "rgb"
    assert normals_form(_picture(_swizzled(2)), has_colour=False) == "channels"
    assert normals_form(_picture(other_order), has_colour=False) == "channels"
    assert normals_form(_picture(_button()), has_colour=True) == ""
    assert normals_form(_picture(photograph), has_colour=False) == ""
    flat = np.full((8, 8, 3), 200)
    assert normals_form(_picture(flat), has_colour=True) == ""


def test_maps_are_grey_or_lie_over_a_colour() -> None:
    """wall_metal.png is metal itself unless it is grey; brick_spec.png beside brick.png may have a colour."""
    colour = RNG.integers(0, 256, (8, 8, 3))
    grey = RNG.integers(0, 246, (8, 8, 1)).repeat(3, 2)
    tinted = grey + np.array([0, 8, 0])
    figure = np.dstack([colour, np.where(np.indices((8, 8))[0] > 3, 255, 0)])
    gloss = np.dstack([colour, RNG.integers(1, 255, (8, 8))])

    for has_colour in (False, True):
        assert is_grey(_picture(grey), has_colour=has_colour) and is_map(_picture(grey), has_colour=has_colour)
        assert not is_grey(_picture(colour), has_colour=has_colour)
        assert is_grey(_picture(tinted), has_colour=has_colour) == has_colour
        assert is_map(_picture(colour), has_colour=has_colour) == has_colour
        assert is_map(_picture(gloss), has_colour=has_colour) == has_colour
        assert not is_map(_picture(figure), has_colour=has_colour)


def test_a_variant_of_metal_is_no_map(tmp_path: Path) -> None:
    """sword_metal.png and sword_spec.png beside sword.png are other swords, and stay pictures."""
    desk = Desk(tmp_path)
    for name, turn in (("sword", [0, 1, 2, 3]), ("sword_metal", [2, 0, 1, 3]), ("sword_spec", [1, 2, 0, 3])):
        Image.fromarray(np.ascontiguousarray(_button()[..., turn])).save(desk.source / f"{name}.png")
    desk.once()

    assert all(hints.get("domain") != "data" and "alpha" not in hints for hints in desk.hints().values())


def test_a_button_in_its_normal_state_is_no_normal_map(tmp_path: Path) -> None:
    """Upscaled like its neighbours; a real normal map and a swizzled one next to it are detected."""
    desk = Desk(tmp_path)
    for name in ("button_normal", "button_hover"):
        Image.fromarray(_button()).save(desk.source / f"{name}.png")
    Image.fromarray(_button()[..., [2, 0, 1, 3]]).save(desk.source / "face_normal.png")
    Image.fromarray(normals((16, 16), 3)).save(desk.source / "stone_normal.png")
    Image.fromarray(_swizzled(4)).save(desk.source / "iron_normal.png")
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(desk.source / "wall_metal.png")
    desk.once()

    hints = desk.hints()
    assert hints["button_normal.png"] == hints["button_hover.png"]
    assert "alpha" not in hints["button_normal.png"]
    assert hints["face_normal.png"] == {"frames": "auto"}
    assert hints["stone_normal.png"]["domain"] == "normals"
    assert hints["iron_normal.png"]["domain"] == hints["iron_normal.png"]["alpha"] == "data"
    assert "domain" not in hints["wall_metal.png"]


class Voter(NearestWorker):
    """Treats pictures with a red corner as pixel art."""

    def detect(self, picture: Picture) -> str:
        assert picture.width
        return "pixel-art" if picture.frames[0][0, 0, 0] == 255 else "art"


def _frame(red: bool, seed: int, size: int = 8) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 250, (size, size, 3), dtype=np.uint8)
    pixels[0, 0] = (255, 0, 0) if red else (0, 0, 0)
    return Image.fromarray(pixels)


def _domains(worker: NearestWorker) -> dict[str, Any]:
    return {name: hints.get("domain") for name, hints in worker.requests}


def test_frames_of_one_sequence_are_one_kind(tmp_path: Path) -> None:
    """Two of five frames look like art: all five are pixel art, and so is a later one."""
    desk = Desk(tmp_path)
    desk.worker = Voter()
    for number in range(5):
        _frame(number < 3, number).save(desk.source / f"guard-attack-{number}.png")
    desk.once()
    assert set(_domains(desk.worker).values()) == {"pixel-art"}

    for number in (7, 8, 9, 10):  # now most look like art
        _frame(False, number).save(desk.source / f"guard-attack-{number}.png")
    desk.once()

    assert _domains(desk.worker)["guard-attack-9.png"] == "pixel-art"


def test_one_that_differs_in_a_folder_of_like_pictures(tmp_path: Path) -> None:
    """One of eight icons of equal size looks like pixel art by chance: it is treated like the others."""
    desk = Desk(tmp_path)
    desk.worker = Voter()
    for number, name in enumerate(("axe", "bow", "cup", "dice", "egg", "fan", "gem", "hat")):
        _frame(name == "cup", number).save(desk.source / f"{name}.png")
    _frame(True, 50, 12).save(desk.source / "large.png")
    desk.once()

    assert _domains(desk.worker)["cup.png"] == "art"
    assert _domains(desk.worker)["large.png"] is None  # of another size: decided separately


def test_families_hold_inside_archives(tmp_path: Path) -> None:
    """The same in a zip as in a folder."""
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for number in range(5):
            data = io.BytesIO()
            _frame(number < 3, number).save(data, "PNG")
            archive.writestr(f"units/walk-{number}.png", data.getvalue())
    worker = Voter()

    rewrite(tmp_path / "p.zip", io.BytesIO(), worker, load())

    assert set(_domains(worker).values()) == {"pixel-art"}


def test_equal_pictures_of_two_families(tmp_path: Path) -> None:
    """The same bytes in two folders whose families were decided differently: neither is copied from the other."""
    desk = Desk(tmp_path)
    desk.worker = Voter()
    for folder, red in (("one", True), ("two", False)):
        (desk.source / folder).mkdir()
        for number in range(4):
            _frame(red, 10 * number + red).save(desk.source / folder / f"walk-{number}.png")
        _frame(True, 99).save(desk.source / folder / "walk-9.png")
    desk.once()

    both = [hints["domain"] for name, hints in desk.worker.requests if name == "walk-9.png"]
    assert sorted(both) == ["art", "pixel-art"]


def _zip(path: Path, names: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in names.items():
            info = zipfile.ZipInfo(name)
            info.filename = name  # backslashes too
            archive.writestr(info, data)
    return path


def _png(side: int = 4) -> bytes:
    data = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("archive", "names", "profile"),
    [
        ("data.pk3", ["scripts/weapons.shader", "textures/a/wall.tga"], "quake"),
        ("data.pk3", ["models/player/player.md3", "models/player/skin.jpg"], "quake"),
        ("mod.pk3", ["zmapinfo.txt", "textures/WALL.png"], "gzdoom"),
        ("mod.pk3", ["textures/WALL.png"], "gzdoom"),
        ("pack.mcpack", ["manifest.json", "textures/blocks/brick.png"], "bedrock"),
        ("pack.zip", ["pack.mcmeta", "assets/m/textures/block/a.png"], "minecraft"),
        ("x.zip", ["x/game.conf", "x/mods/default/textures/default_dirt.png"], "luanti"),
        ("x.zip", ["tex1_64x64_0123456789ABCDEF_13_mip0.png"], "azahar"),
        ("x.zip", ["tex1_64x64_0123456789abcdef_14.png"], "dolphin"),
        ("x.zip", ["mod/Textures/a.dds", "mod/mod.omwaddon"], "openmw"),
    ],
)
def test_an_archive_is_known_by_what_is_inside(tmp_path: Path, archive: str, names: list[str], profile: str) -> None:
    """Its profile is named; the user's choice takes precedence."""
    path = _zip(tmp_path / archive, {name: _png() for name in names})
    worker = NearestWorker()

    assert rewrite(path, io.BytesIO(), worker, load())[0] == f"Profile: {profile}."
    assert rewrite(path, io.BytesIO(), worker, load(), PackOptions(load()["ppsspp"]))[0] == "Profile: ppsspp."


def test_a_quake_pack_keeps_its_folders(tmp_path: Path) -> None:
    """Pictures are replaced in place, at their own paths; light maps are left alone."""
    names = ["scripts/a.shader", "textures/base/wall.tga", "maps/dm1/lm_0000.tga", "gfx/2d/bigchars.tga"]
    tga = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tga, "TGA")
    path = _zip(tmp_path / "pak0.pk3", {name: tga.getvalue() for name in names})
    out = io.BytesIO()

    rewrite(path, out, worker := NearestWorker(), load())

    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == names
        with Image.open(io.BytesIO(archive.read("textures/base/wall.tga"))) as image:
            assert image.size == (32, 32)
        assert archive.read("maps/dm1/lm_0000.tga") == tga.getvalue()
    assert dict(worker.requests)["bigchars.tga"]["frames"] == "16x16"


def test_backslashes_separate_folders(tmp_path: Path) -> None:
    """Zips by some Windows programs: rules apply by folder, and the entry keeps the bytes of its name."""
    path = _zip(tmp_path / "p.zip", {"pack.mcmeta": b"{}", "assets\\m\\textures\\block\\a.png": _png()})
    worker, out = NearestWorker(), io.BytesIO()

    rewrite(path, out, worker, load())

    assert dict(worker.requests)["a.png"]["wrap"] == "xy"
    out.seek(0)
    assert b"assets\\m\\textures\\block\\a.png" in out.getvalue()


def test_an_entry_without_a_name_and_litter_inside(tmp_path: Path) -> None:
    """The pack is still made; macOS's companion files are copied unchanged."""
    path = _zip(tmp_path / "p.zip", {"": b"x", "a.png": _png(), "__MACOSX/._a.png": b"\0\5\x16\7"})
    out = io.BytesIO()

    notes = rewrite(path, out, worker := NearestWorker(), load())

    assert notes == ["Profile: generic.", "An entry without a name was skipped."]
    assert [name for name, _ in worker.requests] == ["a.png"]
    with zipfile.ZipFile(out) as archive:
        assert archive.read("__MACOSX/._a.png") == b"\0\5\x16\7"


def test_litter_of_systems_is_left_alone_in_silence(tmp_path: Path) -> None:
    """Versions, waste bins, thumbnails, companion files: one texture, one output."""
    desk = Desk(tmp_path)
    for name in (
        "hero.png", "._hero.png", ".stversions/hero~2024.png", "$RECYCLE.BIN/S-1/$R1.png", ".Trash-1000/files/old.png",
        "@eaDir/hero.png/SYNOPHOTO_THUMB_M.jpg", ".thumbnails/a.png", "__MACOSX/a.png", ".git/a.png",
        "~syncthing~hero.png.tmp", "hero.png.crdownload",
    ):  # fmt: skip
        desk.save(f"{name}x.png", seed=1).rename(desk.source / name)
    desk.once()

    assert desk.outputs() == {"hero.png"}
    assert {event.what for event in desk.events} == {"done", "profile"}


@pytest.mark.parametrize("name", ["p.7z", "p.rar", "game.wad", "pak0.pak", "Actor1.rpgmvp", "Actor2.png_", "x.rgss3a"])
def test_what_is_not_opened_is_named(tmp_path: Path, name: str) -> None:
    """Left alone, with advice."""
    desk = Desk(tmp_path)
    (desk.source / name).write_bytes(b"7z")
    desk.once()

    left = {event.path: event.sentence for event in desk.events if event.what == "left"}
    assert "decrypt" in left[name] if name.endswith(("mvp", "_")) else "unpack it" in left[name]


def test_luanti_blocks_tile_and_strips_are_cut(tmp_path: Path) -> None:
    """Opaque squares wrap, figures do not, strips become frames."""
    desk = Desk(tmp_path)
    (desk.source / "texture_pack.conf").write_text("name = x")
    desk.save("default_clay.png", (8, 8), 1)
    desk.save("default_torch.png", (8, 8), 2, 255)
    desk.save("fire_animated.png", (8, 32), 3)
    desk.once()

    hints = desk.hints()
    assert hints["default_clay.png"] == {"wrap": "xy"}
    assert "wrap" not in hints["default_torch.png"]
    assert hints["fire_animated.png"]["frames"] == "1x4"


def test_a_strip_is_cut_where_its_name_and_shape_say_so(tmp_path: Path) -> None:
    """Without a game's marker: four squares below each other called "animated", but not any tall picture."""
    desk = Desk(tmp_path)
    desk.save("flame_animated.png", (8, 32), 1)
    desk.save("pillar.png", (8, 32), 2)
    desk.save("odd_animated.png", (8, 30), 3)
    desk.once()

    hints = desk.hints()
    assert hints["flame_animated.png"]["frames"] == "1x4"
    assert hints["pillar.png"]["frames"] == hints["odd_animated.png"]["frames"] == "auto"


def test_connected_textures_of_minecraft_are_measured(tmp_path: Path) -> None:
    """optifine/ctm replaces blocks: no rule says that they do not tile."""
    desk = Desk(tmp_path)
    (desk.source / "pack.mcmeta").write_text("{}")
    desk.save("assets/minecraft/optifine/ctm/grass/0.png", (8, 8), 1)
    desk.once()

    assert "wrap" not in desk.hints()["0.png"]


@pytest.mark.parametrize(
    "names",
    [["sprites/hero.png", "icons/axe.png"], ["models/a.png", "maps/world.png"], ["gfx/a.png", "menu/b.png"],
     ["textures/wall.tga", "env/sky.png"], ["patches/a.png", "hires/b.png"], ["textures/blocks/a.png", "font/b.png"]],
)  # fmt: skip
def test_common_names_of_folders_give_no_game_away(tmp_path: Path, names: list[str]) -> None:
    """
    A folder or zip of pictures called sprites, gfx or maps is an ordinary folder: every picture in it is upscaled.
    """
    for name in names:
        (tmp_path / "pack" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / name).write_bytes(b"")
    profile = recognise_folder(load(), tmp_path / "pack")

    assert profile.name == "generic"
    assert all(profile.rule_for(name).upscale for name in names)
    path = _zip(tmp_path / "p.zip", {name: _png() for name in names if name.endswith(".png")})
    assert rewrite(path, io.BytesIO(), NearestWorker(), load())[0] == "Profile: generic."


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("project.godot", "godot"),
        ("sprites/hero.png.import", "godot"),
        ("ProjectSettings/ProjectVersion.txt", "unity"),
        ("Sprites/hero.png.meta", "unity"),
        ("game/script.rpy", "renpy"),
        ("Textures/tx_wall_01.dds", "openmw"),
        ("BookArt/map.tga", "openmw"),
        ("tex1_64x64_0123456789ABCDEF_12_mip0.norm.png", "azahar"),
    ],
)
def test_projects_of_editors(tmp_path: Path, name: str, profile: str) -> None:
    """Recognised by their own files."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    assert recognise_folder(load(), tmp_path).name == profile


def test_packs_side_by_side_are_recognised_by_their_paths_too(tmp_path: Path) -> None:
    """A Bedrock pack, a Quake mod and Azahar's textures in one folder: each has its own profile."""
    for name in (
        "bedrock/textures/terrain_texture.json",
        "mod/scripts/a.shader",
        "3ds/tex1_64x64_0123456789ABCDEF_12_mip0.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")

    parts = {folder: part.name for folder, part in recognise_folder(load(), tmp_path).parts}
    assert parts == {"3ds": "azahar", "bedrock": "bedrock", "mod": "quake"}


@pytest.mark.parametrize(
    ("marker", "inner", "left"),
    [
        ("game/script.rpy", "renpy/common/a.rpy", "renpy/common/theme.png"),
        ("ProjectSettings/ProjectVersion.txt", "Library/PackageCache/a.png.meta", "Library/PackageCache/a.png"),
    ],
)
def test_a_project_is_one_pack(tmp_path: Path, marker: str, inner: str, left: str) -> None:
    """Files of the engine in a folder that could be a project of its own are still left alone."""
    for name in (marker, inner):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    profile = recognise_folder(load(), tmp_path)
    assert profile.parts == () and not profile.rule_for(left).upscale


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("match = 5", "match must be a text, not 5"),
        ('match = "*", file = { into = "../../evil/" }', "into must be a folder inside the archive"),
        ('match = "*", file = { into = "C:/evil/" }', "into must be a folder inside the archive"),
        ('match = "*", file = { into = "evil" }', "into must end with a slash"),
        ('match = "*", settings = { wrapp = "xy" }', "did you mean wrap?"),
        ('match = "*", settings = { wrap = "z" }', "wrap"),
        ('match = "*", acton = "copy"', "did you mean 'action'?"),
        ('match = "*", action = "cpy"', "choose one of upscale, copy, follow"),
        ('match = "*", confirm = "nothing"', "choose one of normals, map, grey"),
        ('match = "*", file = { strips = 1 }', "strips must be true or false, not 1"),
        ('match = "*", file = 7', "must be a table"),
        ('action = "copy"', "match is missing"),
    ],
)
def test_own_profiles_are_refused_with_a_sentence(tmp_path: Path, rule: str, sentence: str) -> None:
    """Invalid contents of a profile are named, with what is allowed."""
    (tmp_path / OWN_PROFILES).write_text(f'[[profile]]\nname = "mine"\ntitle = "mine"\nrules = [{{ {rule} }}]\n')

    with pytest.raises(BadUsageError) as error:
        load(own=tmp_path)
    assert sentence in str(error.value)


def test_limits_of_a_pack() -> None:
    """--only-below leaves large textures alone; --most enlarges less, or not at all."""
    limits = SizeLimits(only_below=256, most=600)

    assert [limits.scale_for(side, 4, 4) for side in (255, 256, 150, 151, 200, 250)] == [2, 1, 4, 3, 3, 2]
    assert SizeLimits(most=600).scale_for(400, 8, 4) == 1
    assert SizeLimits().scale_for(4000, 1, 4) == 4


def test_limits_hold_in_folders_and_archives(tmp_path: Path) -> None:
    """Each texture is as large as allowed, and a .mcmeta is scaled with its picture."""
    path = _zip(
        tmp_path / "p.zip",
        {
            "pack.mcmeta": b"{}",
            "assets/m/textures/item/small.png": _png(4),
            "assets/m/textures/item/middle.png": _png(8),
            "assets/m/textures/item/middle.png.mcmeta": b'{"animation": {"width": 8, "height": 8}}',
            "assets/m/textures/item/large.png": _png(16),
        },
    )
    out = io.BytesIO()

    notes = rewrite(path, out, NearestWorker(4), load(), PackOptions(limits=SizeLimits(only_below=16, most=16)))

    with zipfile.ZipFile(out) as archive:
        sizes = {}
        for name in archive.namelist():
            if name.endswith(".png"):
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    sizes[Path(name).stem] = image.width
        assert sizes == {"small": 16, "middle": 16, "large": 16}
        assert b'"width": 16' in archive.read("assets/m/textures/item/middle.png.mcmeta")
    assert "16x16 pixels, not below 16 (--only-below): left alone." in notes[1]
