"""Each game's rules, on packs that look like its own, kept up to date by the real watcher."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pack_desk import Desk, normals
from PIL import Image

from depixel.errors import BadUsageError
from depixel.files import encode, read_bytes
from depixel.files.png_chunks import chunks
from depixel.picture import Picture
from depixel_watch.packs.conventions import grab_of, with_grab
from depixel_watch.packs.profiles import OWN_PROFILES, load, recognise, recognise_folder


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


def test_minecraft_wraps_by_folder_and_leaves_fonts_and_maps_alone(desk: Desk) -> None:
    """block/ tiles, item/ and painting/ do not; font/ and colormap/ are not touched; a normal map's alpha is data."""
    (desk.source / "pack.mcmeta").write_text('{"pack": {"pack_format": 34, "description": ""}}')
    textures = "assets/minecraft/textures/"
    for seed, name in enumerate(
        ("block/stone.png", "item/sword.png", "painting/kebab.png", "font/ascii.png", "colormap/grass.png")
    ):
        desk.save(textures + name, seed=seed)
    desk.save(textures + "block/stone_n.png", seed=9, alpha=255)
    desk.once()

    hints_by_name = desk.hints()
    assert {name: hints["wrap"] for name, hints in hints_by_name.items()} == {
        "stone.png": "xy", "sword.png": "none", "kebab.png": "none", "stone_n.png": "xy"
    }  # fmt: skip
    assert hints_by_name["stone_n.png"]["alpha"] == "data"
    assert desk.outputs() == {"pack.mcmeta"} | {
        textures + name for name in ("block/stone.png", "block/stone_n.png", "item/sword.png", "painting/kebab.png")
    }


@pytest.mark.parametrize(
    ("size", "description", "frames"),
    [
        ((4, 16), {"frametime": 2}, "1x4"),
        ((16, 4), {}, "4x1"),
        ((8, 12), {"width": 8, "height": 4}, "1x3"),
        ((8, 12), {"height": 6}, "1x2"),
        ((8, 8), {"width": 4}, "2x1"),
    ],
)
def test_minecraft_strips_are_cut_as_the_game_cuts_them(
    desk: Desk, size: tuple[int, int], description: dict[str, int], frames: str
) -> None:
    """Squares of the shorter side, or the given sizes; those are scaled with the picture, everything else is kept."""
    (desk.source / "pack.mcmeta").write_text("{}")
    path = "assets/m/textures/block/lava.png"
    meta = desk.save(path, size).with_name("lava.png.mcmeta")
    meta.write_text(json.dumps({"animation": {"frames": [0, 1], **description}, "texture": {"blur": True}}))
    desk.once()

    assert desk.hints()["lava.png"]["frames"] == frames
    scaled = json.loads((desk.out / (path + ".mcmeta")).read_text())
    sizes = {key: 2 * value for key, value in description.items() if key in ("width", "height")}
    assert scaled == {"animation": {"frames": [0, 1], **description, **sizes}, "texture": {"blur": True}}
    assert desk.size(path) == (2 * size[0], 2 * size[1])


def test_minecraft_strip_that_does_not_fit_or_is_too_long(desk: Desk) -> None:
    """A wrong .mcmeta fails that picture with a sentence; an answer beyond the atlas limit gives a warning."""
    (desk.source / "pack.mcmeta").write_text("{}")
    desk.save("assets/m/textures/block/odd.png", (4, 10)).with_name("odd.png.mcmeta").write_text('{"animation": {}}')
    desk.save("assets/m/textures/block/long.png", (1, 8200))
    desk.once()

    events = {event.path.rpartition("/")[2]: event for event in desk.events if event.what in ("done", "failed")}
    assert events["odd.png"].what == "failed"
    assert "not a whole number of frames" in events["odd.png"].sentence
    assert "16384" in events["long.png"].sentence


def test_minecraft_pictures_that_repeat_or_are_looked_up(desk: Desk) -> None:
    """Glint, rain and backgrounds tile; trims keep the key colours with which the game recolours them; keys stay."""
    (desk.source / "pack.mcmeta").write_text("{}")
    textures = "assets/minecraft/textures/"
    for seed, name in enumerate(
        ("misc/enchanted_glint_item.png", "environment/rain.png", "gui/options_background.png", "trims/items/boots.png")
    ):
        desk.save(textures + name, seed=seed)
    desk.save(textures + "trims/color_palettes/gold.png", (8, 1), 9)
    desk.once()

    hints_by_name = desk.hints()
    assert hints_by_name.pop("boots.png") == {"palette": "keep", "wrap": "none"}
    assert {name: hints["wrap"] for name, hints in hints_by_name.items()} == {
        "enchanted_glint_item.png": "xy", "rain.png": "xy", "options_background.png": "xy"
    }  # fmt: skip


def test_a_changed_mcmeta_redoes_its_strip(desk: Desk) -> None:
    """The picture is the same, its frames are not."""
    (desk.source / "pack.mcmeta").write_text("{}")
    meta = desk.save("assets/m/textures/block/a.png", (4, 16)).with_name("a.png.mcmeta")
    meta.write_text('{"animation": {}}')
    desk.once()
    meta.write_text('{"animation": {"height": 8}}')
    desk.once()

    assert [hints["frames"] for _, hints in desk.worker.requests] == ["1x4", "1x2"]


def _with_offsets(x: int, y: int, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 6, 4), dtype=np.uint8)).save(buffer, "PNG")
    return with_grab(buffer.getvalue(), (x, y))


def test_gzdoom_folder(desk: Desk) -> None:
    """hires/ is scaled with its offsets; elsewhere, what would be drawn too large is left alone."""
    (desk.source / "ZMAPINFO.txt").write_text("")
    for path in ("hires/TROOA1.png", "graphics/STBAR.png", "fonts/a.png"):
        (desk.source / path).parent.mkdir(exist_ok=True)
        (desk.source / path).write_bytes(_with_offsets(3, -7))
    desk.once()

    assert desk.outputs() == {"hires/TROOA1.png"}
    output = (desk.out / "hires/TROOA1.png").read_bytes()
    assert grab_of(output) == (6, -14)
    assert [kind for kind, _ in chunks(output)][:2] == [b"IHDR", b"grAb"]
    assert desk.size("hires/TROOA1.png") == (12, 16)


def test_gzdoom_archive(desk: Desk) -> None:
    """A PK3 keeps all its entries byte for byte, and additionally has the larger pictures in hires/."""
    path = desk.source / "mod.pk3"
    entries = {
        "zscript.zs": b"version",
        "sprites/TROOA1.png": _with_offsets(3, 7, 1),
        "flats/FLOOR.png": _with_offsets(0, 0, 2),
        "graphics/STBAR.png": _with_offsets(1, 1, 3),
        "hires/DOOR.png": _with_offsets(2, 2, 4),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    desk.once()

    with zipfile.ZipFile(desk.out / "mod.pk3") as result:
        assert set(result.namelist()) == {*entries, "hires/TROOA1.png", "hires/FLOOR.png"}
        for name, data in entries.items():
            assert (result.read(name) == data) == (not name.startswith("hires"))
        assert grab_of(result.read("hires/TROOA1.png")) == (6, 14)
        assert grab_of(result.read("hires/DOOR.png")) == (4, 4)
        assert read_bytes(result.read("hires/FLOOR.png"), "f.png").width == 12
    assert desk.hints()["FLOOR.png"]["wrap"] == "xy"


def test_a_zip_with_all_in_one_folder(desk: Desk) -> None:
    """As in downloads of repositories: rules apply to the paths in that folder, and so does hires/."""
    entries = {
        "Mod-main/zscript.zs": b"version",
        "Mod-main/sprites/TROOA1.png": _with_offsets(3, 7, 1),
        "Mod-main/flats/FLOOR.png": _with_offsets(0, 0, 2),
    }
    for name, more in (("mod.zip", {}), ("two.zip", {"other/x.txt": b""})):
        with zipfile.ZipFile(desk.source / name, "w") as archive:
            for path, data in {**entries, **more}.items():
                archive.writestr(path, data)
    desk.once()

    added = {"Mod-main/hires/TROOA1.png", "Mod-main/hires/FLOOR.png"}
    with zipfile.ZipFile(desk.out / "mod.zip") as result:
        assert set(result.namelist()) == {*entries, *added}
    with zipfile.ZipFile(desk.out / "two.zip") as result:
        assert set(result.namelist()) == {*entries, "other/x.txt"}


def _dds(letters: bytes, seed: int, vectors: bool = False) -> bytes:
    head = struct.pack("<7I", 124, 0xA1007, 8, 8, 64, 0, 4) + bytes(44)
    head += struct.pack("<2I4s5I", 32, 4, letters, 0, 0, 0, 0, 0) + struct.pack("<5I", 0x401008, 0, 0, 0, 0)
    like = read_bytes(b"DDS " + head + bytes(16 * 7), "x.dds")
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    if vectors:  # all vectors in a block lean alike, so that compression keeps them
        pixels[..., :3] = normals((2, 2), seed).repeat(4, 0).repeat(4, 1)
    return encode(Picture((pixels,), format="DDS", details=like.details))


def test_bethesda_keeps_dds_and_gloss(desk: Desk) -> None:
    """DXT5 stays DXT5 with mipmaps; _n is a normal map whose alpha is data; _s and _m are data."""
    (desk.source / "Mod.esp").write_bytes(b"TES4")
    folder = desk.source / "Textures/Armor"
    folder.mkdir(parents=True)
    for seed, name in enumerate(("Iron.dds", "Iron_n.dds", "Iron_s.dds", "Iron_m.dds")):
        (folder / name).write_bytes(_dds(b"DXT5", seed, vectors="_n" in name))
    desk.once()

    hints = desk.hints()
    assert hints["Iron.dds"] == {}
    assert hints["Iron_n.dds"] == {"domain": "normals", "alpha": "data", "wrap": "none"}  # like Iron.dds
    assert hints["Iron_s.dds"]["domain"] == hints["Iron_m.dds"]["domain"] == "data"
    output = (desk.out / "Textures/Armor/Iron_n.dds").read_bytes()
    assert output[84:88] == b"DXT5"
    assert struct.unpack_from("<III", output, 12) == (16, 16, 256)
    assert struct.unpack_from("<I", output, 28) == (5,)


def test_rpg_maker_sheets_by_name(desk: Desk) -> None:
    """$ = one figure of 3x4, otherwise eight; ! changes nothing; a picture that cannot be cut that way stays whole."""
    (desk.source / "Game.rmmzproject").write_text("")
    sizes = {"Actor1": (24, 16), "$Boss": (6, 8), "!$Gate": (6, 8), "!Chest": (24, 16), "Odd": (25, 16)}
    for seed, (name, size) in enumerate(sizes.items()):
        desk.save(f"img/characters/{name}.png", size, seed, 255)
    desk.save("img/faces/Actor1.png", (8, 4), 20)
    desk.save("img/system/IconSet.png", (64, 32), 21, 255)
    desk.save("img/system/Window.png", (8, 8), 22, 255)
    desk.once()

    frames_of = {name: hints.get("frames") for name, hints in desk.worker.requests if name != "Actor1.png"}
    assert frames_of == {
        "$Boss.png": "3x4", "!$Gate.png": "3x4", "!Chest.png": "12x8", "Odd.png": None, "IconSet.png": "32x32px"
    }  # fmt: skip
    assert {h["frames"] for n, h in desk.worker.requests if n == "Actor1.png"} == {"12x8", "4x2"}
    assert "img/system/Window.png" not in desk.outputs()


def test_rpg_maker_vx_ace_has_grids_of_its_own(desk: Desk) -> None:
    """Icons of 24 pixels, tiles of 32, ten rows of balloons: MV's grids would cut through them."""
    (desk.source / "Game.rvproj2").write_text("")
    desk.save("Graphics/System/IconSet.png", (96, 96), 1, 255)
    desk.save("Graphics/System/Balloon.png", (64, 80), 2, 255)
    desk.save("Graphics/Tilesets/A.png", (96, 96), 3, 255)
    desk.once()

    frames_of = {name: hints["frames"] for name, hints in desk.worker.requests}
    assert frames_of == {"IconSet.png": "24x24px", "Balloon.png": "8x10", "A.png": "32x32px"}


def test_generic_names_of_material_maps_and_sheets(desk: Desk) -> None:
    """albedo, normal and roughness of one stem, a font's grid, and frames that are detected everywhere else."""
    for seed, name in enumerate(("brick.png", "brick_normal.png", "brick_roughness.tga", "terminal_cp437.png")):
        desk.save(name, (32, 32), seed)
    grey = np.random.default_rng(9).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(grey).save(desk.source / "brick_roughness.tga")
    desk.once()

    hints = desk.hints()
    assert hints["brick.png"] == {"frames": "auto"}
    assert hints["brick_normal.png"]["domain"] == "normals"
    assert hints["brick_roughness.tga"]["domain"] == "data"
    assert hints["terminal_cp437.png"] == {"frames": "16x16"}


def test_maps_of_a_material_tile_as_its_colour(desk: Desk) -> None:
    """The normal map is noise; only the colour decides about tiling. A changed colour redoes its maps."""
    colour = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    colour[:, -1] = colour[:, 0]
    Image.fromarray(colour).save(desk.source / "brick_albedo.png")
    desk.save("brick_normal.png", (8, 8), 1)
    desk.save("alone_normal.png", (8, 8), 2)
    desk.once()
    assert desk.hints()["brick_normal.png"]["wrap"] == "x"
    assert "wrap" not in desk.hints()["alone_normal.png"]

    colour[-1] = colour[0]
    Image.fromarray(colour).save(desk.source / "brick_albedo.png")
    desk.once()
    assert desk.hints()["brick_normal.png"]["wrap"] == "xy"


def test_own_profiles_replace_and_add(desk: Desk, tmp_path: Path) -> None:
    """A file in the watched folder; an unknown rule gives a sentence with the file's name."""
    own = desk.source / OWN_PROFILES
    own.write_text(
        '[[profile]]\nname = "generic"\ntitle = "mine"\nrules = [{ match = "*", settings = { wrap = "x" } }]\n'
        '[[profile]]\nname = "my-game"\ntitle = "My game"\nmarkers = ["my.cfg"]\nrules = []\n'
    )
    desk.save("a.png")
    desk.once()
    assert desk.hints()["a.png"] == {"wrap": "x"}
    profiles = load(own=desk.source)
    assert recognise(profiles, ["MY.CFG", "pack.mcmeta"]).name == "my-game"
    assert set(load()) < set(profiles)

    for wrong in ('{ match = "*", speed = 9 }', '{ match = "*", action = "eat" }', '{ match = "*", file = { x = 1 } }'):
        own.write_text(f'[[profile]]\nname = "a"\ntitle = "a"\nrules = [{wrong}]\n')
        with pytest.raises(BadUsageError, match=r"depixel-profiles\.toml"):
            load(own=desk.source)


def test_a_folder_of_packs(desk: Desk) -> None:
    """Each folder that is a pack has its own rules, by the paths in it; they do not apply to anything next to it."""
    (desk.source / "Blocks").mkdir()
    (desk.source / "Blocks/pack.mcmeta").write_text("{}")
    desk.save("Blocks/assets/m/textures/block/stone.png", seed=1)
    desk.save("Blocks/assets/m/textures/font/a.png", seed=2)
    (desk.source / "Doom").mkdir()
    (desk.source / "Doom/zmapinfo.txt").write_text("")
    desk.save("Doom/hires/flats/floor.png", seed=3)
    desk.save("Doom/graphics/stbar.png", seed=4)
    desk.save("GALE01/sub/tex1_8x8_0123456789abcdef_14.png", (8, 8), 5)
    desk.once()

    hints_by_name = desk.hints()
    assert {name: hints.get("wrap") for name, hints in hints_by_name.items()} == {
        "stone.png": "xy", "floor.png": "xy", "tex1_8x8_0123456789abcdef_14.png": None
    }  # fmt: skip
    detected = recognise_folder(load(), desk.source)
    assert {name: profile.name for name, profile in detected.parts} == {
        "Blocks": "minecraft", "Doom": "gzdoom", "GALE01": "dolphin"
    }  # fmt: skip


def test_a_pack_whose_marker_lies_deeper(desk: Desk) -> None:
    """A game's folder with its engine in js/ is one pack; folders in a marked pack are not separate packs."""
    (desk.source / "js").mkdir()
    (desk.source / "js/rmmz_core.js").write_text("")
    desk.save("img/faces/Actor1.png", (8, 4), 1)
    desk.once()
    assert desk.hints()["Actor1.png"]["frames"] == "4x2"

    (desk.source / "pack.mcmeta").write_text("{}")
    assert recognise_folder(load(), desk.source).parts == ()


def test_every_rule_asks_for_settings_that_exist() -> None:
    """The profiles' settings are valid for the engine: no misspelt key, no value out of range."""
    from depixel.request import Request

    for profile in load().values():
        for rule in profile.rules:
            assert Request.from_dict(dict(rule.hints)).to_dict() == {
                key: value for key, value in rule.hints if value != getattr(Request(), key)
            }


def test_another_ending_where_a_rule_asks_for_it(desk: Desk) -> None:
    """
    TGA becomes PNG in folders and archives, without loss; not if a PNG with that stem exists; reverted with the rule.
    """
    own = desk.source / OWN_PROFILES
    own.write_text(
        '[[profile]]\nname = "generic"\ntitle = "mine"\nrules = [{ match = "*", file = { ending = ".png" } }]\n'
    )
    path = desk.save("sub/Wall.TGA", seed=1)
    desk.save("both.tga", seed=2)
    desk.save("both.png", seed=3)
    with zipfile.ZipFile(desk.source / "p.zip", "w") as archive:
        archive.writestr("a.tga", path.read_bytes())
        archive.writestr("b.txt", "kept")
    desk.once()

    assert desk.outputs() == {"sub/Wall.png", "both.tga", "both.png", "p.zip"}
    with Image.open(desk.out / "sub/Wall.png") as image, Image.open(path) as source:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image)[::2, ::2], np.asarray(source))
    with zipfile.ZipFile(desk.out / "p.zip") as archive:
        assert archive.namelist() == ["a.png", "b.txt"]

    requests = len(desk.worker.requests)
    desk.once()
    assert len(desk.worker.requests) == requests
    own.unlink()
    desk.once()
    assert desk.outputs() == {"sub/Wall.TGA", "both.tga", "both.png", "p.zip"}
    path.unlink()
    desk.once()
    assert "sub/Wall.TGA" not in desk.outputs()
