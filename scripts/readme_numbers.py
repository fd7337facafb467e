#!/usr/bin/env python3
"""
Writes the figures of benchmarks/results between the README's <!-- numbers --> marks. Run it when the results change.
Figures that have not been measured are left out.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results"
MARKS = ("<!-- numbers -->", "<!-- /numbers -->")
KINDS = ("sprites", "emoji", "textures")
SHOWN = ("bicubic", "lanczos", "waifu2x-anime", "waifu2x-anime, projected by Depixel", "realesrgan-animevideov3",
         "realesrgan-animevideov3+pad", "spanglue-ch48", "xbr-js")  # fmt: skip


def art() -> list[str]:
    """Quality at x4 from area inputs, for Depixel and its peers, as the evaluation harness measures it."""
    path = RESULTS / "art_quality.md"
    if not path.is_file():
        return []
    tables = [_table(path.read_text("utf-8"), f"## {kind}, area inputs") for kind in KINDS]
    ours = sorted({name for table in tables for name in table if "depixel" in name})
    peers = [name for name in SHOWN if any(name in table for table in tables)]
    lines = [
        *_paragraph(
            "Art at x4 without a search; means over an evaluation set that training never saw. Each cell gives PSNR-Y "
            "in dB (higher is better) / FLIP (lower is better) / how far the file misses its input when scaled back "
            "(RMSE in levels of 255). Other upscalers are shown unchanged; the best one also after `depixel project`."
        ),
        "| | sprites | emoji | textures |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | " + " | ".join(table.get(name, "-") for table in tables) + " |" for name in [*ours, *peers]]
    return [*lines, ""]


# Name => "PSNR / FLIP / shrink-back RMSE" of one table of art_quality.md.
def _table(text: str, heading: str) -> dict[str, str]:
    rows: dict[str, str] = {}
    for line in text.partition(heading)[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) >= 5 and cells[0] and not cells[0].startswith("-"):
            rows[cells[0]] = " / ".join((cells[1], cells[3], cells[4]))
    return rows


def faces() -> list[str]:
    """Quality of imagined faces on held-out renders, and the spread between groups."""
    path = RESULTS / "faces_quality_16.json"
    if not path.is_file():
        return []
    document = json.loads(path.read_text("utf-8"))
    facts, quality, spread, further = (document[key] for key in ("facts", "quality", "spread", "further"))
    lines = [
        f"Faces from 16 to 128 pixels, {facts['held-out portraits']} held-out renders (game-like, no photographs):",
        "",
        "| | PSNR dB | SSIM | MS-SSIM |",
        "|---|---|---|---|",
    ]
    for name, shown in (("bicubic", "bicubic"), ("search, projected", "`--domain faces`")):
        row = quality[name]
        lines.append(f"| {shown} | {row['PSNR dB']:.2f} | {row['SSIM']:.3f} | {row['MS-SSIM']:.3f} |")
    lines.append("")
    if facts["search steps taken"] == 0 and "0" in further:
        first, last = next(iter(further.values())), further["0"]
        nearer, gain = first["mean error"] / last["mean error"], last["PSNR dB"] - first["PSNR dB"]
        lines += _paragraph(
            "The encoder's first answer already meets PULSE's limit, so the search takes no step here. Forced to take "
            f"all {last['steps']:.0f} steps by `--eps 0`, the answer scales back {nearer:,.0f} times more closely "
            "before the projection, which corrects that anyway; the exported files change by less than "
            f"{abs(gain) + 0.005:.2f} dB ({last['pictures']} renders)."
        )
    sizes = {side: RESULTS / f"faces_quality_{side}.json" for side in (8, 16, 32, 64)}
    if all(file.is_file() for file in sizes.values()):
        documents = {side: json.loads(file.read_text("utf-8")) for side, file in sizes.items()}
        ours, plain = (
            " / ".join(f"{document['quality'][name]['PSNR dB']:.1f}" for document in documents.values())
            for name in ("encoder, projected", "bicubic")
        )
        largest = list(documents[64]["further"].values())
        gain, steps = largest[-1]["PSNR dB"] - largest[0]["PSNR dB"], largest[-1]["steps"]
        lines += _paragraph(
            f"From {' / '.join(map(str, sizes))} pixels: {ours} dB (bicubic: {plain}). From 64 pixels on the search "
            f"helps: it adds {gain:.1f} dB in {steps:.0f} steps."
        )
    shift, looks = spread["tone shift, degrees ITA"], spread["perceptual distance"]
    bicubic, other = quality["bicubic"]["perceptual distance"], facts["perceptual distance to another portrait"]
    lines += _paragraph(
        f"Before the projection, {facts['success of the search %']:.0f}% of the answers meet PULSE's limit (worst "
        f"group: {spread['success %']['least']:.0f}%). Differences between groups of skin tone, gender and age: the "
        f"tone shift spreads over {shift['spread']:.1f} degrees ITA (medians {shift['least']:+.1f} to "
        f"{shift['most']:+.1f}), the perceptual distance over {looks['spread']:.3f} (means {looks['least']:.3f} to "
        f"{looks['most']:.3f}; bicubic {bicubic:.3f}, another portrait {other:.3f})."
    )
    return lines


def speed() -> list[str]:
    """Time and memory of the engine."""
    files = sorted(RESULTS.glob("engine-speed--*--cpu.json"))
    if not files:
        return []
    document = json.loads(files[0].read_text("utf-8"))
    sprite, large = document["sprites_in_memory"], document["texture_2048_x4"]
    return _paragraph(
        f"Speed on {document['threads']} CPU thread ({document['machine']}): a 16x16 sprite takes "
        f"{sprite['one_sprite_ms']:.0f} ms, 200 of them in one call take {sprite['one_call_s']:.1f} s. Enlarging a "
        f"2048x2048 texture x4 needs {large['peak_memory_MB'] / 1000:.1f} GB of memory. See `benchmarks/` for the "
        "methods and more figures."
    )


def _paragraph(text: str) -> list[str]:
    return [*textwrap.wrap(text, 118), ""]


def main() -> None:
    """Rewrite the block."""
    page = ROOT / "README.md"
    text = page.read_text("utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    body = [*art(), *faces(), *speed()]
    block = "\n".join(["", "## Numbers", "", *body]) if body else "\n"
    page.write_text(f"{before}{MARKS[0]}{block}{MARKS[1]}{after}", "utf-8")


if __name__ == "__main__":
    main()
