"""What may be used for training, and what the filters reject."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training.art_data import images
from training.art_data.crops import SIZE, Seen, collect
from training.art_data.fetch import fetch
from training.art_data.figures import SHEETS
from training.art_data.pairs import pixel_pair
from training.art_data.sources import EVALUATION, SOURCES, PackageSource, census, is_evaluation, is_free
from training.art_data.spoiling import KINDS, PALETTES, bc1, bc4, ordered, reduced_to_palette, spoiled_small

import depixel


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Opaque picture with detail: smooth blobs under noise."""
    rng = np.random.default_rng(seed)
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :3] = rng.integers(0, 256, (height, width, 3))
    return pixels


def test_no_training_source_is_an_evaluation_source() -> None:
    """The names that the evaluation uses never appear among the sources."""
    assert not [s.package for s in SOURCES if is_evaluation(s.package)]
    for name in ("wesnoth-1.16-data", "crawl-tiles-data", "freedoom", "openarena-081-textures", "nexuiz-textures",
                 "colobot-common-textures", "supertux-data", "@twemoji/svg"):  # fmt: skip
        assert is_evaluation(name)
    assert len(EVALUATION) == 8


def test_an_evaluation_source_is_refused_even_when_asked_for(tmp_path: Path) -> None:
    """Neither the download nor the crops accept one, and a stray path in a census is dropped."""
    source = PackageSource("wesnoth-1.16-data", "apt", "sprites", 10)
    with pytest.raises(ValueError, match="evaluation"):
        fetch(source, tmp_path, tmp_path)
    with pytest.raises(ValueError, match="evaluation"):
        collect((source,), tmp_path, tmp_path, {})
    (tmp_path / "pack.tsv").write_text("a/wesnoth/x.png\t96\t96\tCC0\na/b.png\t96\t96\tCC0\na/c.png\t9\t9\tGPL-2\n")
    assert census(tmp_path, "pack") == {"a/b.png": "CC0"}


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("CC0-1.0", True),
        ("CC-BY-SA-3.0+", True),
        ("CC-BY-3.0 or GPL-3.0", True),
        ("GPL-3 or CC-BY-3.0", True),
        ("Free-Art-License", True),
        ("public-domain", True),
        ("Expat", True),
        ("CC-BY-3.0 or CC-BY-4.0 or OGA-BY-3.0, and CC0-1.0", True),
        ("GPL-2+", False),
        ("CC0-1.0 and GPL-3", False),
        ("CC-BY-NC-3.0", False),
        ("CC-BY-ND-4.0", False),
        ("", False),
    ],
)
def test_licences(licence: str, free: bool) -> None:
    """One free alternative is enough; every part of a conjunction must be free."""
    assert is_free(licence) is free


def test_filters_tell_maps_pixel_art_and_enlarged_pictures_from_art() -> None:
    """Each filter finds its kind and accepts ordinary detail."""
    art = noise(160, 160)
    assert images.unwanted(art) == ""
    enlarged = noise(80, 80).repeat(2, 0).repeat(2, 1)
    assert images.unwanted(enlarged) == "nearest-enlarged"
    compressed = art.copy()
    compressed[..., :3] = bc1(art[..., :3])
    assert images.unwanted(compressed) == "block-compressed"
    normals = np.random.default_rng(0).normal(size=(160, 160, 3)) * 0.3 + (0, 0, 1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    encoded = np.full((160, 160, 4), 255, np.uint8)
    encoded[..., :3] = (normals * 127.5 + 127.5).round()
    assert images.unwanted(encoded) == "normal map"
    sprite = np.full((64, 64, 4), 255, np.uint8)
    sprite[..., :3] = noise(1, 8)[0, :, :3][np.random.default_rng(1).integers(0, 8, (64, 64))]
    assert images.unwanted(sprite) == "pixel art"


@pytest.mark.parametrize("name", ["wall_n.png", "rock-normal.jpg", "metal_spec.png", "skin.mask.tga", "ui/font.png"])
def test_maps_are_known_by_name(name: str) -> None:
    """Usual name endings of maps are recognised; ordinary names are not."""
    assert images.looks_like_map(name)
    assert not images.looks_like_map("textures/barn.png")
    assert not images.looks_like_map("dragon.png")


def test_near_duplicates_are_seen() -> None:
    """A brighter copy is recognised; another picture is not."""
    smooth = np.asarray(Image.fromarray(noise(6, 6)).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    other = np.asarray(Image.fromarray(noise(6, 6, 5)).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    seen = Seen()
    assert seen.is_new(smooth)
    brighter = smooth.copy()
    brighter[..., :3] = np.minimum(smooth[..., :3] * 0.9 + 12, 255).astype(np.uint8)
    assert not seen.is_new(brighter)
    assert seen.is_new(other)


def test_collecting_records_licence_and_respects_limits(tmp_path: Path) -> None:
    """Crops are 96x96 RGBA, each file's licence and digest is in the manifest, the limit is respected."""
    folder = tmp_path / "unpacked" / "pack"
    folder.mkdir(parents=True)
    Image.fromarray(noise(300, 300)).save(folder / "a.png")
    Image.fromarray(noise(300, 300, 1)).save(folder / "b_normal.png")
    Image.fromarray(noise(300, 300, 2)).save(folder / "gpl.png")
    (tmp_path / "pack.tsv").write_text(
        "a.png\t300\t300\tCC0-1.0\nb_normal.png\t300\t300\tCC0\ngpl.png\t300\t300\tGPL-2\n"
    )
    source = PackageSource("pack", "apt", "sprites", 30)
    crops, origins, reasons = collect((source,), tmp_path / "unpacked", tmp_path, {"pack": "1.0-1"})
    assert crops.shape[1:] == (SIZE, SIZE, 4)
    assert [(o.file, o.licence, o.version) for o in origins] == [("a.png", "CC0-1.0", "1.0-1")]
    assert origins[0].crops == len(crops) == 9
    assert len(origins[0].sha256) == 16
    assert reasons["named as a map, or skipped"] == 1


def test_pixel_pairs_are_consistent_and_hard_edged() -> None:
    """The small picture has few colours and alpha of 0 or 255; each pixel is a colour of its block's centre."""
    crop = np.asarray(Image.fromarray(noise(6, 6)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)).copy()
    crop[:, :30, 3] = 0
    large, small = pixel_pair(crop, random.Random(0))
    assert large.shape == (96, 96, 4)
    assert small.shape == (24, 24, 4)
    assert set(np.unique(small[..., 3])) <= {0, 255}
    assert len(np.unique(small.reshape(-1, 4), axis=0)) <= 50
    centre = large.reshape(24, 4, 24, 4, 4)[:, 1:3, :, 1:3].mean((1, 3))
    assert np.median(np.abs(centre - small)) < 2


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_pictures_stay_near_the_area_reduction(kind: str) -> None:
    """Each way of degrading changes the picture, keeps its size, and has errors like a codec's, not like a bug's."""
    crop = np.asarray(Image.fromarray(noise(6, 6)).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    clean = crop.reshape(24, 4, 24, 4, 4).mean((1, 3))
    for seed in range(4):
        small = spoiled_small(crop, random.Random(seed), kind)
        assert small.shape == (24, 24, 4)
        assert 0.2 < np.abs(small - clean)[..., :3].mean() < 33
        assert (small[..., 3] == 255).all()


def test_palettes_are_those_of_games_and_dithering_keeps_the_mean() -> None:
    """16 to 256 colours; a dithered ramp has no more of them, and its local means are closer to the truth."""
    assert (min(PALETTES), max(PALETTES)) == (16, 256)
    ramp = np.full((64, 64, 4), 255, np.uint8)
    ramp[..., 0], ramp[..., 1], ramp[..., 2] = np.arange(64) * 4, np.arange(64)[:, None] * 4, 90
    means = [
        np.abs(_local_means(rgb) - _local_means(ramp[..., :3])).mean()
        for rgb in (
            reduced_to_palette(ramp, 16, Image.Dither.NONE),
            reduced_to_palette(ramp, 16, Image.Dither.FLOYDSTEINBERG),
            ordered(ramp, 16),
        )
    ]
    assert len(np.unique(ordered(ramp, 16).reshape(-1, 3), axis=0)) <= 16
    assert max(means[1:]) < 0.7 * means[0]


def _local_means(rgb: np.ndarray) -> np.ndarray:
    return rgb.reshape(8, 8, 8, 8, 3).mean((1, 3))


def test_blocks_hold_what_their_format_can() -> None:
    """BC1: four colours per block; BC3's alpha: eight values between the block's own ends, extremes exact."""
    alpha = noise(24, 24)[..., :1]
    coded = bc4(alpha)
    blocks = coded.reshape(6, 4, 6, 4).swapaxes(1, 2).reshape(-1, 16)
    assert max(len(np.unique(block)) for block in blocks) <= 8
    assert len(np.unique(blocks[0])) > 4
    assert np.abs(coded.astype(int) - alpha).max() <= 19  # half of a seventh of 255
    assert (blocks.max(1) == alpha.reshape(6, 4, 6, 4).max((1, 3)).ravel()).all()
    soft = noise(96, 96)
    soft[..., 3] = np.linspace(0, 255, 96).round()
    small = spoiled_small(soft, random.Random(0), "bc3")
    assert set(np.unique(spoiled_small(soft, random.Random(0), "bc1")[..., 3])) != set(np.unique(small[..., 3]))
    colours = bc1(soft[..., :3]).reshape(24, 4, 24, 4, 3).swapaxes(1, 2).reshape(-1, 16, 3)
    assert max(len(np.unique(block, axis=0)) for block in colours) <= 4


@pytest.mark.parametrize(("name", "side"), [("art-small", 96), ("art-medium", 128)])
def test_a_released_manifest_names_free_files_and_no_evaluation_source(name: str, side: int) -> None:
    """Each file of the released weights has a free licence and a known package; few of them are rendered vectors."""
    folder = Path(depixel.__file__).parent / "weights"
    with gzip.open(folder / f"{name}.manifest.jsonl.gz", "rt", encoding="utf-8") as file:
        origins = [json.loads(line) for line in file]
    assert len(origins) > 10_000
    kinds = {source.package: source.kind for source in SOURCES} | {s.source.package: "figures" for s in SHEETS}
    crops, files = dict.fromkeys(kinds.values(), 0), 0
    for origin in origins:
        assert is_free(origin["licence"]), origin
        assert not is_evaluation(origin["file"] + origin["package"]), origin
        assert kinds[origin["package"]] == origin["kind"]
        assert len(origin["sha256"]) == 16 and origin["version"]
        crops[origin["kind"]] += origin["crops"]
        files += origin["kind"] != "figures"
    figures = crops.pop("figures")
    assert crops["vector"] <= 0.25 * sum(crops.values())
    card = (folder / f"{name}.md").read_text("utf-8")
    assert f"{sum(crops.values()):,} crops of {side}x{side} from {files:,} files" in card
    assert not figures or f"{figures:,} small figures" in card
