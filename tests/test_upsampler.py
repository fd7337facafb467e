from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art
from tiny_prior import TinyFaces

from depixel.domain import FACES, NORMALS
from depixel.enlarging.engine import EnlargingEngine
from depixel.errors import BadUsageError, CancelledError, DepixelError, OutOfMemoryError, PictureTooLargeError
from depixel.exporting.plane import export_tile
from depixel.monitor import Monitor, SearchStep
from depixel.picture import Picture
from depixel.preparation.prepare import Prepared, prepare
from depixel.priors.shelf import Shelf
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _soft(height: int, width: int, channels: int = 4, dtype: type = np.uint8) -> np.ndarray:
    """A blob with soft alpha and smooth noise for colour."""
    top = np.iinfo(dtype).max
    pixels = RNG.integers(0, top, (height, width, channels), endpoint=True).astype(dtype)
    if channels in (2, 4):
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        pixels[..., -1] = (np.clip(1.6 - 1.8 * np.hypot(x, y), 0, 1) * top).astype(dtype)
    return pixels


def _area(pixels: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Independent of the engine: premultiplied block means as (straight colour, alpha) in levels of the dtype."""
    values = pixels.astype(np.float64)
    alpha = values[..., 3:] if pixels.shape[2] == 4 else np.full_like(values[..., :1], np.iinfo(pixels.dtype).max)
    stack = np.concatenate([values[..., :3] * alpha, alpha], -1)
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    means = stack.reshape(height, factor, width, factor, 4).mean((1, 3))
    return means[..., :3] / np.maximum(means[..., 3:], 1e-9), means[..., 3]


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_area_answers_scale_back_to_the_input(upsampler: Upsampler, scale: int) -> None:
    """At most 1 level anywhere and 0.05 on average over visible pixels, measured here and not by the engine."""
    pixels = _soft(12, 10)

    report = upsampler.upsample(Picture((pixels,)), Request(scale=scale, degradation="area"))

    answer = report.picture.frames[0]
    colour, alpha = _area(answer, scale)
    visible = pixels[..., 3] > 0
    weight = pixels[..., 3:][visible] / 255
    error = np.concatenate(
        [np.abs(colour - pixels[..., :3])[visible] * weight, np.abs(alpha - pixels[..., 3])[visible][:, None]], 1
    )
    assert answer.shape == (12 * scale, 10 * scale, 4)
    assert error.max() <= 1.0
    assert error.mean() <= 0.05
    assert report.residual.exact


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_channels_and_depth_are_kept(upsampler: Upsampler, channels: int, dtype: type) -> None:
    """Grey stays grey, alpha stays alpha, 16 bits stay 16 bits and are as exact."""
    report = upsampler.upsample(Picture((_soft(9, 7, channels, dtype),)), Request(degradation="area"))

    assert report.picture.frames[0].shape == (36, 28, channels)
    assert report.picture.frames[0].dtype == dtype
    assert report.residual.exact


def test_opaque_and_transparent_areas_stay_exactly_so(upsampler: Upsampler) -> None:
    """Blocks of full or no alpha keep it in every pixel."""
    pixels = _soft(16, 16)

    answer = upsampler.upsample(Picture((pixels,)), Request(degradation="area")).picture.frames[0]

    blocks = answer[..., 3].reshape(16, 4, 16, 4).swapaxes(1, 2)
    assert (blocks[pixels[..., 3] == 255] == 255).all()
    assert (blocks[pixels[..., 3] == 0] == 0).all()


@pytest.mark.parametrize("degradation", ["area", "bicubic", "point"])
def test_binary_alpha_stays_binary(upsampler: Upsampler, degradation: str) -> None:
    """A one-bit cut-out gets alpha 0 and 255 only, with unchanged block centres."""
    pixels = _soft(16, 12)
    pixels[..., 3] = np.where(pixels[..., 3] > 100, 255, 0)

    answer = upsampler.upsample(Picture((pixels,)), Request(degradation=degradation)).picture.frames[0]

    assert set(np.unique(answer[..., 3])) <= {0, 255}
    for row in (1, 2):
        assert np.array_equal(answer[row::4, 1::4, 3], pixels[..., 3])


def test_point_keeps_every_centre(upsampler: Upsampler) -> None:
    """Nearest reduction of a pixel-art answer is the input, byte for byte where it is visible."""
    pixels = RNG.integers(0, 4, (16, 16, 1), dtype=np.uint8).repeat(3, 2) * 80
    report = upsampler.upsample(Picture((pixels,)), Request(domain="pixel-art"))

    assert report.degradation == "point"
    for offset in (1, 2):
        assert np.array_equal(report.picture.frames[0][offset::4, offset::4], pixels)


def test_hidden_colour_never_bleeds(upsampler: Upsampler) -> None:
    """Colours under transparent pixels change nothing visible, and are not left there."""
    first = _soft(12, 12)
    second = first.copy()
    second[first[..., 3] == 0, :3] = (255, 0, 255)

    settings = Request(degradation="area")
    one, other = (upsampler.upsample(Picture((p,)), settings).picture.frames[0] for p in (first, second))

    assert np.array_equal(one, other)


def test_palette_keep_uses_only_colours_of_the_input(upsampler: Upsampler) -> None:
    """No new colour appears, and the palette survives."""
    palette = RNG.integers(0, 255, (5, 4), dtype=np.uint8)
    palette[:, 3] = 255
    indices = RNG.integers(0, 5, (16, 16))
    picture = Picture((palette[indices],), palette=palette, mode="P")

    report = upsampler.upsample(picture, Request(palette="keep"))

    used = {tuple(c) for c in report.picture.frames[0].reshape(-1, 4)}
    assert used <= {tuple(c) for c in palette}
    assert report.picture.mode == "P"
    assert report.residual.exact


def test_same_picture_alone_and_in_company(upsampler: Upsampler) -> None:
    """A batch changes nobody's pixels: neither neighbours of equal size nor of another."""
    pictures = [Picture((_soft(8 + i % 3, 9),)) for i in range(7)]
    settings = Request(candidates=2, imagination=0.7, seed=0)

    together = upsampler.upsample_many(pictures, settings)

    for picture, report in zip(pictures, together, strict=True):
        assert isinstance(report, Report)
        alone = upsampler.upsample(picture, settings)
        for a, b in zip(report.candidates, alone.candidates, strict=True):
            assert np.abs(a.picture.frames[0].astype(int) - b.picture.frames[0].astype(int)).max() <= 1


def test_seeds_and_candidates_differ_and_repeat(upsampler: Upsampler) -> None:
    """Seed 0 is a seed: it is reproducible, candidates differ from each other, and all are exact."""
    picture = Picture((_soft(12, 12),))
    settings = Request(candidates=3, imagination=1.0, seed=0)

    first, again = (upsampler.upsample(picture, settings) for _ in range(2))

    frames = [c.picture.frames[0] for c in first.candidates]
    assert all(np.array_equal(a, c.picture.frames[0]) for a, c in zip(frames, again.candidates, strict=True))
    assert not np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[1], frames[2])
    assert all(c.residual.exact for c in first.candidates)


def test_still_parts_of_an_animation_do_not_flicker(upsampler: Upsampler) -> None:
    """Identical frames give identical frames; far from a change nothing moves."""
    still = _soft(20, 20, 3)
    moved = still.copy()
    moved[2:5, 2:5] = 255 - moved[2:5, 2:5]
    picture = Picture((still, still.copy(), moved), durations=(40.0, 40.0, 80.0))

    report = upsampler.upsample(picture, Request(degradation="area", imagination=0.5))

    a, b, c = report.picture.frames
    assert np.array_equal(a, b)
    assert np.array_equal(b[40:, 40:], c[40:, 40:])
    assert not np.array_equal(b, c)
    assert report.picture.durations == (40.0, 40.0, 80.0)
    assert report.residual.exact


def test_tiles_meet_without_a_seam(upsampler: Upsampler) -> None:
    """Tiled equals untiled within 1 level everywhere."""
    picture = Picture((_soft(64, 60, 3),))
    whole = upsampler.upsample(picture, Request(degradation="area", imagination=0.8)).picture.frames[0]
    small_tiles = Upsampler("cpu", upsampler.shelf.chosen)
    small_tiles._budget = 40 * 40

    tiled = small_tiles.upsample(picture, Request(degradation="area", imagination=0.8)).picture.frames[0]

    assert np.abs(tiled.astype(int) - whole.astype(int)).max() <= 1


def test_wrap_is_the_answer_of_the_repeated_picture(upsampler: Upsampler) -> None:
    """A tiling texture's answer is the middle of that of nine copies: no seam by construction."""
    pixels = _soft(12, 12, 3)
    nine = np.tile(pixels, (3, 3, 1))

    once, all_nine = (Request(domain="art", degradation="area", wrap=wrap, ensemble=2) for wrap in ("xy", "none"))
    wrapped = upsampler.upsample(Picture((pixels,)), once).picture.frames[0]
    middle = upsampler.upsample(Picture((nine,)), all_nine).picture.frames[0]

    assert np.abs(wrapped.astype(int) - middle[48:96, 48:96].astype(int)).max() <= 1


@pytest.mark.parametrize("options", [{}, {"imagination": 0.6}, {"like": 5}, {"domain": "pixel-art"}])
def test_each_candidate_comes_again_alone(upsampler: Upsampler, options: dict[str, Any]) -> None:
    """With its reported seed, imagination and reading, and everything else as before: the same pixels."""
    picture = Picture((_soft(11, 9),))
    settings = Request(candidates=3, seed=4, **options)
    report = upsampler.upsample(picture, settings)

    for entry, candidate in zip(report.to_dict()["candidates"], report.candidates, strict=True):
        alone = replace(settings, candidates=1, seed=entry["seed"], imagination=entry["imagination"])
        alone = replace(alone, reading=entry["reading"] or "auto")
        assert np.array_equal(upsampler.upsample(picture, alone).picture.frames[0], candidate.picture.frames[0])
    assert len({c.picture.frames[0].tobytes() for c in report.candidates}) == 3


def test_normals_keep_unit_length(upsampler: Upsampler) -> None:
    """Every vector of a normal map's answer has length 1 within rounding."""
    y, x = np.mgrid[-0.6:0.6:24j, -0.6:0.6:24j]
    vectors = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], -1)
    picture = Picture((np.rint((vectors + 1) * 127.5).astype(np.uint8),), name="wall_n.png")

    report = upsampler.upsample(picture, Request())

    answer = report.picture.frames[0] / 127.5 - 1
    assert report.domain is NORMALS
    assert np.abs(np.linalg.norm(answer, axis=-1) - 1).max() < 0.02


def test_colour_under_an_alpha_of_nothing_is_a_picture(upsampler: Upsampler) -> None:
    """Alpha is 0 everywhere: colour is that of the opaque picture and scales back, and alpha stays 0."""
    y, x = np.mgrid[:16, :16]
    colour = np.stack([x * 12 + 20, y * 13 + 10, 250 - x * 7 - y * 5], -1).astype(np.uint8)
    hidden = np.dstack([colour, np.zeros((16, 16), np.uint8)])

    answer = upsampler.upsample(Picture((hidden,)), Request(scale=4, wrap="none")).picture.frames[0]
    opaque = upsampler.upsample(Picture((colour,)), Request(scale=4, wrap="none")).picture.frames[0]

    assert not answer[..., 3].any()
    assert np.array_equal(answer[..., :3], opaque)


def test_alpha_that_is_data_does_not_touch_colour(upsampler: Upsampler) -> None:
    """With alpha=data the colour is that of the opaque picture, and alpha is exact on its own."""
    pixels = _soft(12, 12)
    opaque = pixels[..., :3].copy()

    with_data = upsampler.upsample(Picture((pixels,)), Request(degradation="area", alpha="data", wrap="none"))
    plain = upsampler.upsample(Picture((opaque,)), Request(degradation="area", wrap="none"))

    assert np.array_equal(with_data.picture.frames[0][..., :3], plain.picture.frames[0])
    alpha = with_data.picture.frames[0][..., 3].astype(float).reshape(12, 4, 12, 4).mean((1, 3))
    assert np.abs(alpha - pixels[..., 3]).max() <= 1


def test_gloss_beside_normals_is_no_vector(upsampler: Upsampler) -> None:
    """The alpha of a normal map scales back to the source: it does not get unit length."""
    pixels = np.full((12, 12, 4), (128, 128, 255, 0), np.uint8)
    pixels[..., 3] = np.random.default_rng(3).integers(0, 256, (12, 12))
    report = upsampler.upsample(Picture((pixels,), name="brick_n.png"), Request(scale=4, domain="normals"))

    gloss = report.picture.frames[0][..., 3].astype(float).reshape(12, 4, 12, 4).mean((1, 3))
    assert np.abs(gloss - pixels[..., 3]).max() <= 0.5


def test_enlarged_pixel_art_goes_back_to_its_grid(upsampler: Upsampler) -> None:
    """Nearest-enlarged input is reduced first; the answer still has the requested size."""
    true = RNG.integers(0, 3, (12, 12, 1), dtype=np.uint8).repeat(3, 2) * 100
    picture = Picture((true.repeat(4, 0).repeat(4, 1),))

    report = upsampler.upsample(picture, Request(scale=2))

    assert report.picture.width == 96
    assert report.scale == 2
    assert any("true grid" in note for note in report.notes)
    assert np.array_equal(report.picture.frames[0][3::8, 3::8], true)


def test_pixel_art_at_scale_two_says_that_it_is_repeated(upsampler: Upsampler) -> None:
    """The centre of a 2x2 block is all of it: the answer is exact and the note says why it is not smooth."""
    pixels = RNG.integers(0, 4, (16, 16, 1), dtype=np.uint8).repeat(3, 2) * 80

    report = upsampler.upsample(Picture((pixels,)), Request(domain="pixel-art", scale=2))

    assert np.array_equal(report.picture.frames[0], pixels.repeat(2, 0).repeat(2, 1))
    assert any("scale 3 or more" in note for note in report.notes)


def test_cancel_and_failures_are_sentences(upsampler: Upsampler) -> None:
    """Cancel raises; a bad setting raises; one impossible picture does not stop the others."""
    picture = Picture((_soft(8, 8),))

    with pytest.raises(CancelledError):
        upsampler.upsample(picture, Request(), Monitor(cancelled=lambda: True))
    with pytest.raises(BadUsageError, match="scale"):
        upsampler.upsample(picture, Request(scale=1))
    huge = Picture((np.zeros((3000, 3000, 3), np.uint8),))
    outcomes = upsampler.upsample_many([huge, picture], Request(scale=64))
    assert isinstance(outcomes[0], PictureTooLargeError)
    assert isinstance(outcomes[1], Report)


@pytest.mark.parametrize(
    ("count", "settings"),
    [
        (1, {"candidates": 3}),
        (1, {"candidates": 2, "steps": 3, "imagination": 0.5}),
        (3, {}),
        (2, {"alpha": "premultiplied"}),
        (2, {"domain": "pixel-art", "scale": 2, "reading": "smooth"}),
    ],
)
def test_progress_rises_from_nothing_to_all(upsampler: Upsampler, count: int, settings: dict[str, Any]) -> None:
    """For every kind of computation: it begins at 0 with the preparation, never falls, and ends at 1."""
    shares: list[float] = []
    stages: list[str] = []

    def listen(step: SearchStep) -> None:
        shares.append(step.share)
        stages.append(step.stage)

    pictures = [Picture((_soft(12 + 4 * k, 12),)) for k in range(count)]
    upsampler.upsample_many(pictures, Request(**settings), Monitor(listen))

    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)
    assert stages[0] == "preparing"
    assert len(set(shares)) >= 2


def test_missing_weights_are_a_sentence(tmp_path: Path) -> None:
    """A missing path is a DepixelError that names it."""
    nowhere = Upsampler("cpu", {"art": str(tmp_path / "nothing.safetensors")})

    with pytest.raises(DepixelError, match=r"nothing\.safetensors"):
        nowhere.upsample(Picture((_soft(8, 8),)), Request())


def _short_of_memory(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let the first passes of the engine fail like a CPU without memory; returns the budgets that were tried."""
    budgets: list[int] = []
    real = EnlargingEngine.answer

    def answer(self: EnlargingEngine, *args: Any) -> Any:
        budgets.append(self.budget)
        if len(budgets) <= times:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
        return real(self, *args)

    monkeypatch.setattr(EnlargingEngine, "answer", answer)
    return budgets


def test_memory_that_runs_short_on_the_cpu_halves_the_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short twice: a quarter of the budget, one sentence, the same pixels; the next call starts from twice that."""
    upsampler = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    picture = Picture((_soft(12, 10),))
    plenty = upsampler.upsample(picture, Request(degradation="area"))
    budgets = _short_of_memory(monkeypatch, 2)

    short = upsampler.upsample(picture, Request(degradation="area"))
    again = upsampler.upsample(picture, Request(degradation="area"))

    assert budgets[1] == budgets[0] // 2 and budgets[2] == budgets[0] // 4 and budgets[3] == budgets[0] // 2
    assert [note for note in short.notes if "smaller tiles" in note] == [short.notes[-1]]
    assert not any("smaller tiles" in note for note in (*plenty.notes, *again.notes))
    assert np.array_equal(short.picture.frames[0], plenty.picture.frames[0])


def test_a_cpu_without_any_memory_gives_up_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends: down to the smallest tile, then the sentence, for each picture of the batch."""
    upsampler = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    budgets = _short_of_memory(monkeypatch, 1000)

    outcomes = upsampler.upsample_many([Picture((_soft(8, 8),))] * 2, Request(degradation="area"))

    assert all(isinstance(outcome, OutOfMemoryError) for outcome in outcomes)
    assert "close other programs" in str(outcomes[0])
    assert budgets == sorted(budgets, reverse=True) and 2000 < budgets[-1] <= 64 * 64


def test_the_score_is_the_mean_squared_error_of_scaling_back(upsampler: Upsampler) -> None:
    """On [0, 1], from the residual of exactly the pixels that are written."""
    report = upsampler.upsample(Picture((_soft(9, 9),)), Request(degradation="bicubic", candidates=2))

    for candidate in report.candidates:
        assert candidate.residual.rmse > 0
        assert candidate.score == pytest.approx((candidate.residual.rmse / 255) ** 2)


def test_the_score_of_a_face_is_that_of_its_search(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the projection, which makes every face exact: the candidates are ordered by it."""
    monkeypatch.setattr(Shelf, "faces", lambda self, *_: TinyFaces())
    picture = Picture((RNG.integers(0, 255, (8, 8, 3), dtype=np.uint8),))

    report = upsampler.upsample(picture, Request(domain="faces", steps=2, scale=4, candidates=2, imagination=0.9))

    scores = [candidate.score for candidate in report.candidates]
    assert report.residual.exact
    assert scores == sorted(scores) and scores[0] > 1e-3 > (report.residual.rmse / 255) ** 2
    assert report.notes[0] == FACES.disclosure


@pytest.mark.parametrize("degradation", ["area", "bicubic", "point"])
def test_data_maps_of_every_sort_share_a_call(upsampler: Upsampler, degradation: str) -> None:
    """Grey, partly grey and coloured data maps in one call: each equals its answer alone, each channel separate."""
    grey = RNG.integers(0, 255, (10, 9, 1), dtype=np.uint8).repeat(3, 2)
    half, colour = grey.copy(), RNG.integers(0, 255, (10, 9, 3), dtype=np.uint8)
    half[..., 2] = colour[..., 2]
    pictures = [Picture((p,)) for p in (grey, half, colour)]
    request = Request(domain="data", degradation=degradation, wrap="none")

    together = [report.picture.frames[0].astype(int) for report in upsampler.upsample_many(pictures, request)]  # type: ignore[union-attr]

    for answer, picture in zip(together, pictures, strict=True):
        assert np.abs(upsampler.upsample(picture, request).picture.frames[0] - answer).max() <= 1
    assert (together[0][..., 0] == together[0][..., 2]).all()
    assert np.abs(together[1][..., 0] - together[0][..., 0]).max() <= 1  # red does not depend on blue


def test_a_data_map_that_is_seen_through_keeps_its_holes(upsampler: Upsampler) -> None:
    """`--domain data --alpha opacity`: alpha is neither data nor lost."""
    pixels = _soft(12, 12)

    report = upsampler.upsample(Picture((pixels,)), Request(domain="data", alpha="opacity", wrap="none"))

    alpha = report.picture.frames[0][..., 3].astype(float).reshape(12, 4, 12, 4).mean((1, 3))
    assert np.abs(alpha - pixels[..., 3]).max() <= 1


def test_options_that_change_nothing_are_named(upsampler: Upsampler) -> None:
    """Options that only guide a search are reported as idle without steps, and not with them."""
    picture = Picture((_soft(8, 8),))

    idle = upsampler.upsample(picture, Request(eps=0.01, degradation="area"))
    searched = upsampler.upsample(picture, Request(eps=0.01, steps=1, degradation="area"))

    assert (idle.steps, searched.steps) == (0, 1)
    assert any("have no effect without steps: eps" in note for note in idle.notes)
    assert not any("change nothing" in note for note in searched.notes)


def test_a_sheet_is_prepared_once(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decided as a whole, answered frame by frame, in one preparation."""
    calls: list[tuple[int, ...]] = []

    def counted(picture: Picture, *rest: Any) -> Prepared:
        calls.append(picture.frames[0].shape)
        return prepare(picture, *rest)

    monkeypatch.setattr("depixel.upsampler.prepare", counted)
    sheet = np.zeros((16, 32, 4), np.uint8)
    sheet[4:12, 4:12] = sheet[4:12, 20:28] = (200, 40, 40, 255)

    report = upsampler.upsample(Picture((sheet,), name="walk.png"), Request(frames="2x1"))

    assert calls == [(16, 32, 4)]
    assert (report.picture.width, report.picture.height) == (128, 64)
    assert any("sheet of 2x1" in note for note in report.notes)


@pytest.mark.parametrize(
    ("side", "free", "share"),
    [(16, 2**34, 32), (128, 2**34, 1), (384, 2**34, 1), (385, 2**34, 0), (384, 2**29, 0), (128, 2**20, 0)],
)
def test_one_core_answers_what_fits_into_its_pass(
    upsampler: Upsampler, side: int, free: int, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small pictures, or a medium one, if each core has the memory; all cores share what needs several passes."""
    monkeypatch.setattr("depixel.devices.free_memory", lambda _: free)
    monkeypatch.setattr("depixel.enlarging.engine.count_cores", lambda: 2)
    request = Request(domain="textures", wrap="none")
    prepared = prepare(Picture((np.zeros((side, side, 3), np.uint8),)), request, None)
    engine = EnlargingEngine(upsampler.shelf.art(), torch.device("cpu"), 384 * 384)

    assert engine.share(prepared, request) == share


@pytest.mark.parametrize("frames", [1, 3])
def test_tiles_are_shared_out_among_the_cores(
    upsampler: Upsampler, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cores work on two tiles, or two frames, at a time; the answer is the one of a single core."""
    picture = Picture(tuple(RNG.integers(0, 256, (70, 90, 3), dtype=np.uint8) for _ in range(frames)))
    monkeypatch.setattr("depixel.upsampler.budget_for", lambda _: 64 * 64)
    threads: set[int] = set()
    steps: list[SearchStep] = []
    before = torch.get_num_threads()

    def export(*values: Any, **options: Any) -> Any:
        threads.add(threading.get_ident())
        return export_tile(*values, **options)

    monkeypatch.setattr("depixel.enlarging.decoding.export_tile", export)
    answers = []
    try:
        for cores in (1, 2):
            torch.set_num_threads(cores)
            steps.clear()
            monitor = Monitor(steps.append)
            answers.append(upsampler.upsample(picture, Request(scale=4, domain="textures"), monitor))
    finally:
        torch.set_num_threads(before)

    assert len(threads) > 1
    alone, shared = (np.stack(answer.picture.frames).astype(int) for answer in answers)
    assert abs(alone - shared).max() <= 1
    tiles = [step for step in steps if step.stage == "tiles"]
    assert all(a.step < b.step for a, b in itertools.pairwise(tiles))
    assert tiles[-1].step == tiles[-1].steps == 100 * len(tiles) / 2
    assert tiles[0].step < 100  # it moves within the first tile
    assert answers[0].residual == answers[1].residual


def test_small_pictures_are_shared_out_among_the_cores(upsampler: Upsampler) -> None:
    """Two cores answer as one does, in the same order, and report how many pictures are done."""
    pictures = [Picture((RNG.integers(0, 256, (6 + number % 3, 7, 3), dtype=np.uint8),)) for number in range(9)]
    before = torch.get_num_threads()
    steps: list[tuple[int, int]] = []
    answers: list[list[Any]] = []
    try:
        for cores in (1, 2):
            torch.set_num_threads(cores)
            steps.clear()
            monitor = Monitor(lambda step: steps.append((step.step, step.steps)) if step.stage == "pictures" else None)
            reports = upsampler.upsample_many(pictures, Request(scale=2, domain="textures"), monitor)
            answers.append([report.picture.frames[0] for report in reports if isinstance(report, Report)])
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(*pair) for pair in zip(*answers, strict=True))
    assert len(answers[0]) == 9
    assert steps[-1] == (9, 9)
    assert sorted(steps) == steps
    assert len(steps) > 1
