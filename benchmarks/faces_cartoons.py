"""
Emoji, emotes, sprites and block heads: 24 pictures drawn by this file, each with the person as found and the exact
answer.

    python -m benchmarks.faces_cartoons --out benchmarks/results --rows FOLDER [--size 256] [--judge PYTHON_WITH_DLIB]

Writes faces_cartoons.jpg (four columns of picture, as found, exact) and faces_cartoons.json: in how many answers the
judge (benchmarks/faces_judge_worker.py) finds a face, and how far the people are from the pictures.
"""

from __future__ import annotations

import json
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
from benchmarks.faces_judge import judged
from benchmarks.resumed_rows import Cells, Row, in_columns, options_of_rows, resumed
from PIL import Image, ImageDraw

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

YELLOW, DARK = (255, 204, 60), (90, 56, 20)
COLUMNS = 4
INKS = {
    ".": (58, 68, 102), "k": (24, 20, 37), "s": (232, 183, 150), "d": (194, 133, 105), "b": (116, 63, 57),
    "y": (254, 231, 97), "g": (99, 199, 77), "G": (38, 92, 66), "w": (255, 255, 255), "r": (228, 59, 68),
    "v": (104, 56, 108), "c": (139, 155, 180), "C": (90, 105, 136), "o": (247, 118, 34), "n": (120, 72, 50),
}  # fmt: skip
SPRITES = {
    "villager": ["................", "....bbbbbbbb....", "...bbbbbbbbbb...", "..bbbbbbbbbbbb..", "..bbbssssssbbb..",
                 "..bbssssssssbb..", "..bssssssssssb..", "..bskksssskksb..", "..sskwsssskwss..", "..ssssssssssss..",
                 "..sssssddsssss..", "...ssssssssss...", "...sssrrrrsss...", "....ssssssss....", ".....dssssd.....",
                 "...gggggggggg..."],
    "knight": ["................", "....cccccccc....", "...cccccccccc...", "..cccccccccccc..", "..ccCCCCCCCCcc..",
               "..cCssssssssCc..", "..cCskksskksCc..", "..cCskksskksCc..", "..cCsssssssCCc..", "..cCsssddssCCc..",
               "..cCssssssssCc..", "..cCsskkkkssCc..", "...cCssssssCc...", "....cCCCCCCc....", "...CCCCCCCCCC...",
               "..CCcccccccCCC.."],
    "wizard": [".......vv.......", "......vvvv......", ".....vvvvvv.....", "....vvvvvvvv....", "..vvvvvvvvvvvv..",
               ".vvvvvvvvvvvvvv.", "...ssssssssss...", "...skkssskkss...", "...sskssskkss...", "...sssssdssss...",
               "...wwssssssww...", "...wwwwkkwwww...", "...wwwwwwwwww...", "....wwwwwwww....", ".....wwwwww.....",
               "...vvvvwwvvvv..."],
    "elf": ["................", "....yyyyyyyy....", "...yyyyyyyyyy...", "..yyyyyyyyyyyy..", "..yyssyyyyssyy..",
            "..yssssssssssy..", ".sysgkssssgksys.", "ssysgkssssgksyss", ".sysssssssssyss.", "..yssssddssssy..",
            "..yyssssssssyy..", "..yyssrrrrssyy..", "..yy.ssssss.yy..", "..yy..ssss..yy..", "..y.GGGGGGGG.y..",
            "...GGGGGGGGGG..."],
    "dark elf": ["................", "....wwwwwwww....", "...wwwwwwwwww...", "..wwwwwwwwwwww..", "..wwnnnnnnnnww..",
                 "..wnnnnnnnnnnw..", "..wnkknnnnkknw..", "..wnrknnnnrknw..", "..wnnnnnnnnnnw..", "..wnnnnbbnnnnw..",
                 "..wnnnnnnnnnnw..", "..wwnnbbbbnnww..", "..ww.nnnnnn.ww..", "..ww..nnnn..ww..", "..w.vvvvvvvv.w..",
                 "...vvvvvvvvvv..."],
    "goblin": ["................", "................", "....GggggggG....", "...gggggggggg...", "..gggggggggggg..",
               "g.gggggggggggg.g", "gggkyggggggykggg", ".ggkyyggggyykgg.", "..gggggggggggg..", "..ggggGGGGgggg..",
               "..gggggggggggg..", "...gkwkkkkwkg...", "...ggkkkkkkgg...", "....gggggggg....", "......gggg......",
               "...bbbbbbbbbb..."],
}  # fmt: skip
BLOCKS = {
    "builder": ["bbbbbbbb", "bbbbbbbb", "bssssssb", "ssssssss", "swvssvws", "sssddsss", "ssdrrdss", "ssddddss"],
    "creature": ["gGgggGgg", "gggGgggG", "gkkggkkg", "gkkggkkg", "gggkkggg", "ggkkkkgg", "ggkkkkgg", "Ggkggkgg"],
    "robot": ["cccccccc", "cCCCCCCc", "cCCCCCCc", "crrCCrrc", "cCCCCCCc", "cCkkkkCc", "cCCCCCCc", "cccccccc"],
    "redhead": ["oooooooo", "oooooooo", "oossssoo", "osssssso", "owgssgwo", "osssssso", "osrrrrso", "osssssso"],
}


def cartoons() -> dict[str, Image.Image]:
    """Name => RGB picture of 8, 16 or 32 pixels per side."""
    pictures = {f"emoji, {name}": _emoji(name) for name in EXPRESSIONS}
    pictures |= {f"emote, {name}": _emote(*look) for name, look in EMOTES.items()}
    pictures |= {f"sprite, {name}": _from_rows(rows) for name, rows in SPRITES.items()}
    return pictures | {f"block head, {name}": _from_rows(rows) for name, rows in BLOCKS.items()}


def _from_rows(rows: list[str]) -> Image.Image:
    return Image.fromarray(np.array([[INKS[ink] for ink in row] for row in rows], dtype=np.uint8))


EXPRESSIONS = ("smile", "grin", "sunglasses", "surprise", "sad", "wink", "angry", "hearts")
EMOTES = {
    "long brown hair": ((236, 190, 160), (95, 55, 35), True), "afro": ((120, 78, 55), (30, 22, 20), False),
    "black bob": ((240, 205, 170), (25, 22, 28), True), "red beard": ((240, 195, 170), (190, 80, 30), False),
    "grey bun": ((205, 150, 115), (190, 190, 195), False), "blue hair": ((224, 180, 150), (60, 110, 220), True),
}  # fmt: skip


def _emoji(name: str) -> Image.Image:
    """A yellow disc of 32 pixels, drawn at eight times the size."""
    image = Image.new("RGB", (256, 256), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.ellipse((6, 6, 250, 250), YELLOW)
    for x in (84, 172):
        if name == "sunglasses":
            pen.rounded_rectangle((x - 44, 78, x + 40, 122), 14, (24, 24, 28))
        elif name == "hearts":
            pen.polygon([(x, 130), (x - 34, 92), (x - 18, 72), (x, 88), (x + 18, 72), (x + 34, 92)], (220, 40, 60))
        elif name == "wink" and x > 128:
            pen.arc((x - 24, 90, x + 24, 126), 190, 350, DARK, 10)
        else:
            pen.ellipse((x - 15, 78, x + 15, 122), DARK)
        if name == "angry":
            pen.line((x - 30, 66 if x < 128 else 86, x + 30, 86 if x < 128 else 66), DARK, 12)
    if name == "grin":
        pen.chord((62, 120, 194, 222), 0, 180, (120, 36, 30))
        pen.rectangle((76, 170, 180, 184), (255, 255, 255))
    elif name == "surprise":
        pen.ellipse((104, 152, 152, 216), (120, 60, 30))
    elif name in ("sad", "angry"):
        pen.arc((80, 168, 176, 236), 200, 340, DARK, 11)
    else:
        pen.arc((72, 112, 184, 206), 20, 160, DARK, 11)
    return image.resize((32, 32), Image.Resampling.BOX)


def _emote(skin: tuple[int, int, int], hair: tuple[int, int, int], long: bool) -> Image.Image:
    """A cartoon head of 32 pixels with hair."""
    image = Image.new("RGB", (256, 256), (88, 120, 150))
    pen = ImageDraw.Draw(image)
    bearded = hair == (190, 80, 30)
    pen.rounded_rectangle((52, 24, 204, 236 if long else 130), 70, hair)
    pen.rectangle((106, 200, 150, 256), tuple(int(c * 0.85) for c in skin))
    pen.ellipse((70, 60, 186, 222), skin)
    pen.chord((66, 36, 190, 130), 180, 360, hair)
    if bearded:
        pen.chord((70, 100, 186, 232), 10, 170, hair)
    for x in (100, 156):
        pen.ellipse((x - 15, 112, x + 15, 138), (255, 255, 255))
        pen.ellipse((x - 8, 114, x + 8, 136), (30, 24, 24))
        pen.line((x - 18, 98, x + 18, 98), hair if max(hair) < 150 else (110, 80, 60), 7)
    pen.line((128, 140, 124, 164), tuple(int(c * 0.8) for c in skin), 6)
    pen.chord((104, 166, 152, 196), 10, 170, (170, 50, 60))
    return image.resize((32, 32), Image.Resampling.BOX)


def main() -> None:
    parser = options_of_rows(__doc__)
    parser.add_argument("--size", type=int, default=256, help="pixels per side of the answers (default 256)")
    parser.add_argument("--judge", help="a Python that has dlib")
    args = parser.parse_args()
    engine = Upsampler("cpu")
    rows: list[Row] = []
    lines: list[Cells] = []
    for name, picture in cartoons().items():
        row, line = resumed(args.rows, name.replace(", ", "-"), partial(_answered, engine, name, picture, args.size))
        rows.append(row)
        lines.append(line)
        print(row, flush=True)
    summary: dict[str, Any] = {"pictures": len(rows)}
    if args.judge:
        for column, way in enumerate(WAYS, 1):
            answers = judged(args.judge, (line[:, column * args.size : (column + 1) * args.size] for line in lines))
            for row, answer in zip(rows, answers, strict=True):
                row[way]["face found"] = answer is not None
            summary[f"judge: faces found, {way}, %"] = 100 * mean(row[way]["face found"] for row in rows)
    args.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"summary": summary, "rows": rows}, indent=1) + "\n"
    (args.out / "faces_cartoons.json").write_text(text, "utf-8")
    in_columns(lines, COLUMNS).save(args.out / "faces_cartoons.jpg", quality=86)
    print(json.dumps(summary, indent=1))


WAYS = ("as found", "exact")


# The person as found and the exact version, which are the same if the picture looks like a face to the finder.
def _answered(engine: Upsampler, name: str, picture: Image.Image, size: int) -> tuple[Row, Cells]:
    request = Request(domain="faces", scale=size // picture.width)
    answers = engine.upsample(Picture((np.asarray(picture),)), request).candidates
    row: Row = {"picture": name, "looks like a face": len(answers) == 1}
    cells = [np.asarray(picture.resize((size, size), Image.Resampling.NEAREST))]
    for way, answer in zip(WAYS, (answers[0], answers[-1]), strict=True):
        row[way] = {"levels": round(answer.residual.rmse, 1), "exact": answer.residual.exact}
        cells.append(answer.picture.rgba(0)[..., :3])
    return row, np.concatenate(cells, 1)


if __name__ == "__main__":
    main()
