"""Rules for packs of console emulators: names, mipmaps, ranges of alpha, palettes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pack_desk import Desk, normals
from PIL import Image

from depixel.files import encode
from depixel.picture import Picture
from depixel_watch.packs.conventions import is_half_alpha, mip_of, with_full_alpha, with_half_alpha
from depixel_watch.packs.profiles import load, names_in, recognise


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


def test_dolphin_mipmaps_are_made_of_our_answer(desk: Desk) -> None:
    """_mip1, _mip2 have exactly half and a quarter of the answer's size and are its means; requested once."""
    main = "GALE01/tex1_6x12_m_0123456789abcdef_14.png"
    desk.save(main, (6, 12), 1)
    for level, size in ((1, (3, 6)), (2, (1, 3)), (3, (1, 1))):
        desk.save(main.replace(".png", f"_mip{level}.png"), size, 100 + level)
    desk.once()

    assert [name for name, _ in desk.worker.requests] == ["tex1_6x12_m_0123456789abcdef_14.png"]
    assert [desk.size(main.replace(".png", f"_mip{k}.png")) for k in (1, 2, 3)] == [(6, 12), (3, 6), (1, 3)]
    with Image.open(desk.out / main.replace(".png", "_mip1.png")) as first, Image.open(desk.source / main) as small:
        assert np.array_equal(np.asarray(first), np.asarray(small))  # doubled and halved


def test_dolphin_arbitrary_mipmaps_stay_pictures_of_their_own(desk: Desk) -> None:
    """_arb: the levels were drawn by hand; so is a mipmap without its top level."""
    desk.save("tex1_8x8_m_00aa_14_arb.png", (8, 8), 1)
    level = desk.save("tex1_8x8_m_00aa_14_arb_mip1.png", (4, 4), 2)
    desk.save("tex1_8x8_m_00bb_14_mip1.png", (4, 4), 3)
    desk.once()

    with Image.open(desk.out / level.name) as large, Image.open(level) as small:
        assert np.array_equal(np.asarray(large)[::2, ::2], np.asarray(small))
    assert desk.size("tex1_8x8_m_00bb_14_mip1.png") == (8, 8)
    assert mip_of("a/x_mip12.PNG") == ("a/x.PNG", 12)
    assert mip_of("a/x_mips.png") is None


def test_azahar_normal_maps_and_pack_json(desk: Desk) -> None:
    """NAME.norm.png is the normal map of NAME.png if its pixels are vectors; pack.json has the same bytes."""
    name = "tex1_16x16_543624189C94B105_12_mip0"
    desk.save(f"{name}.png", (16, 16), 1)
    Image.fromarray(normals((16, 16), 2)).save(desk.source / f"{name}.norm.png")
    desk.save("logo.norm.png", (16, 16), 3)
    pack = '{"options": {"use_new_hash": true}, "textures": {"114BFC385ED72F15": "logo.norm.png"}}'
    (desk.source / "pack.json").write_text(pack)
    desk.once()

    hints = desk.hints()
    assert hints[f"{name}.norm.png"]["domain"] == "normals"
    assert "domain" not in hints[f"{name}.png"] and "domain" not in hints["logo.norm.png"]
    assert (desk.out / "pack.json").read_text() == pack


def test_ppsspp_ini_stays_in_step(desk: Desk) -> None:
    """Every picture that textures.ini names exists under that exact name; the ini has the same bytes."""
    names = ["ui/Button.png", "0abc1234deadbeef.png", "sub/é.png"]
    lines = "".join(f"{i:024x} = {name}\r\n" for i, name in enumerate(names))
    ini = f"[options]\r\nversion = 1\r\nhash = quick\r\n[hashes]\r\n{lines}[hashranges]\r\n0x1,64,64 = 64,60\r\n"
    (desk.source / "textures.ini").write_bytes(ini.encode())
    for seed, name in enumerate(names):
        desk.save(name, seed=seed, alpha=255)
    desk.once()

    assert (desk.out / "textures.ini").read_bytes() == ini.encode()
    assert desk.outputs() == {"textures.ini", *names}


def test_pcsx2_keeps_its_alpha_range_and_names(desk: Desk) -> None:
    """Alpha up to 128 is opaque at 128 for the engine and ends at 128 again; a picture beyond it is left alone."""
    half = "SLUS-20312/0123456789abcdef-0123456789abcdef-00005993.png"
    full = "SLUS-20312/0123456789abcdef-0123456789abcdef-00005994.png"
    path = desk.save(half, (8, 8), 1, alpha=128)
    desk.save(full, (8, 8), 2, alpha=255)
    desk.once()

    with Image.open(desk.out / half) as large, Image.open(path) as source:
        assert np.array_equal(np.asarray(large)[::2, ::2], np.asarray(source))
        assert np.asarray(large)[..., 3].max() == 128
    assert desk.size(full) == (16, 16)


@pytest.mark.parametrize(
    "name",
    [
        "1004865c455633eb-00005593.png",
        "4865c455633eb-86566ebe97acefe8-00005554.dds",
        "1004865c455633eb-r64x32-00005593.png",
        "1004865c455633eb-86566ebe97acefe8-r64x32-00005593-mip2.png",
    ],
)
def test_pcsx2_by_every_form_of_its_names(name: str) -> None:
    """Numbers without leading zeroes, parts of textures, mipmaps; a UUID or a picture's number is none of them."""
    assert recognise(load(), [name]).name == "pcsx2"
    for other in ("123e4567-e89b-12d3-a456-426614174000.png", "20240101-12345678-x.png", "scan-00000001.png"):
        assert recognise(load(), [other]).name == "generic"


def test_pcsx2_mipmaps_are_made_of_our_answer(desk: Desk) -> None:
    """
    NAME-mip1.png has half the size of the answer to NAME.png, in the same range of alpha; nothing else is requested.
    """
    name = "1004865c455633eb-86566ebe97acefe8-00005593"
    desk.save(f"replacements/{name}.png", (8, 8), 1, alpha=128)
    desk.save(f"replacements/{name}-mip1.png", (4, 4), 2, alpha=128)
    desk.once()

    assert [path for path, _ in desk.worker.requests] == [f"{name}.png"]
    assert desk.size(f"replacements/{name}-mip1.png") == (8, 8)
    with Image.open(desk.out / f"replacements/{name}-mip1.png") as large:
        assert np.asarray(large)[..., 3].max() <= 128


def test_half_alpha_is_undone_exactly() -> None:
    """All 129 values are preserved; the engine sees 0 and 255 at the ends."""
    pixels = np.zeros((1, 129, 4), np.uint8)
    pixels[0, :, 3] = np.arange(129)
    whole = with_full_alpha(Picture((pixels,)))

    assert (whole.frames[0][0, 0, 3], whole.frames[0][0, 128, 3]) == (0, 255)
    assert np.array_equal(with_half_alpha(whole).frames[0], pixels)
    assert not is_half_alpha(Picture((np.zeros((2, 2, 4), np.uint8),)))
    assert not is_half_alpha(Picture((np.zeros((2, 2, 3), np.uint8),)))


def test_duckstation_names_and_one_bit_of_alpha(desk: Desk) -> None:
    """Names, indexed pictures and their transparency are preserved."""
    name = "SLUS-00594/texupload-P4-0123456789ABCDEF-FEDCBA9876543210-64x256-0-192-64x64-P0-14.png"
    target = desk.source / name
    target.parent.mkdir()
    image = Image.fromarray(np.random.default_rng(0).integers(0, 16, (8, 8), dtype=np.uint8))
    image.putpalette(np.random.default_rng(1).integers(0, 256, 48, dtype=np.uint8).tobytes(), "RGB")
    image.save(target, transparency=bytes([0] + [255] * 15))
    desk.once()

    assert recognise(load(), names_in(desk.source)).name == "duckstation"
    with Image.open(desk.out / name) as large:
        assert large.mode == "P"
        assert large.size == (16, 16)
        assert large.info["transparency"] in (0, bytes([0]), bytes([0] + [255] * 15))


def test_rpg_maker_2000_keeps_indexed_pictures_and_their_ground(desk: Desk) -> None:
    """Palette and key of sprites, only the palette of backgrounds; a picture without a palette has no entry 0."""
    (desk.source / "RPG_RT.ldb").write_bytes(b"LcfDataBase")
    palette = np.array([[0, 80, 0, 255], [200, 90, 10, 255]], np.uint8)
    numbers = np.random.default_rng(2).integers(0, 2, (64, 48)).astype(np.uint8)
    indexed = encode(Picture((palette[numbers][..., :3],), palette=palette, mode="P"), "PNG")
    for name in ("CharSet/hero.png", "Title/title.png", "System/skin.png"):
        (desk.source / name).parent.mkdir(exist_ok=True)
        (desk.source / name).write_bytes(indexed)
    desk.save("Monster/bat.png", (8, 8), 3, alpha=255)
    desk.once()

    hints = desk.hints()
    assert hints["hero.png"] == {"palette": "keep", "key": "0", "frames": "24x32px", "wrap": "none"}
    assert hints["title.png"] == {"palette": "keep", "key": "none", "wrap": "none"}
    assert hints["bat.png"] == {"palette": "keep", "wrap": "none"}
    assert "System/skin.png" not in desk.outputs()
