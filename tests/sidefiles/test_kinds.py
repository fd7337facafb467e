"""Every kind of side file: which numbers are pixels and are scaled, and that nothing else changes."""

from __future__ import annotations

import json
import re
import struct

import pytest

from depixel.sidefiles import facts_for, parse, suspicion

ATLAS = b"""
hud.png
size: 48,32
format: RGBA8888
filter: Linear,Linear
pma: true
icon
  rotate: false
  xy: 16, 0
  size: 16, 12
  orig: 20, 14
  offset: -2, 1
  split: 1, 2, 3, 4
  index: 7

more.png
size: 8,8
turned
bounds:1,2,4,3
rotate:90
offsets:0,0,4,3
"""
FONT = b"""info face="a 12" size=8 bold=0 padding=1,1,2,2 spacing=1,0 outline=1
common lineHeight=8 base=7 scaleW=48 scaleH=32 pages=1 packed=0
page id=0 file="letters.png"
chars count=1
char id=65   x=0    y=4  width=6  height=8  xoffset=-1  yoffset=0  xadvance=7 page=0 chnl=15
kernings count=1
kerning first=65  second=66  amount=-1
"""
SHEET = {
    "frames": {
        "walk 0": {
            "frame": {"x": 1, "y": 2, "w": 8, "h": 6},
            "rotated": True,
            "spriteSourceSize": {"x": 0, "y": 1, "w": 8, "h": 6},
            "sourceSize": {"w": 10, "h": 10},
            "pivot": {"x": 0.5, "y": 1},
            "vertices": [[0, 0], [8, 6]],
            "duration": 100,
        }
    },
    "meta": {
        "image": "walk.png",
        "size": {"w": 32, "h": 16},
        "scale": "1",
        "frameTags": [{"name": "go", "from": 0, "to": 3}],
        "slices": [{"keys": [{"frame": 0, "bounds": {"x": 1, "y": 1, "w": 4, "h": 4}, "pivot": {"x": 2, "y": 3}}]}],
    },
}
STARLING = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- 32 pixels -->
<TextureAtlas imagePath="ships.png" width="64" height="32">
\t<SubTexture name="ship 2" x="0" y="16" width="8" height="9" frameX="-1" frameY="0" frameWidth="10" frameHeight="10"/>
</TextureAtlas>
"""
TILESET = b"""<tileset version="1.10" name="t" tilewidth="16" tileheight="16" spacing="1" margin="2" tilecount="6"
 columns="3">
 <tileoffset x="0" y="8"/>
 <image source="../tiles.png" width="54" height="37"/>
 <tile id="3"><objectgroup id="2"><object id="1" x="1.5" y="2" width="3" height="4"/></objectgroup></tile>
</tileset>
"""
PLIST = b"""<plist version="1.0"><dict><key>frames</key><dict><key>a.png</key><dict>
<key>frame</key><string>{{2,4},{16,8}}</string><key>offset</key><string>{-0.5,1}</string>
<key>rotated</key><false/><key>sourceSize</key><string>{20,10}</string></dict></dict>
<key>metadata</key><dict><key>format</key><integer>2</integer><key>size</key><string>{64,32}</string>
<key>realTextureFileName</key><string>cocos.png</string></dict></dict></plist>
"""


def test_atlas() -> None:
    """Pages, regions, premultiplied alpha; indices and filters stay."""
    side = parse("hud.atlas", ATLAS)
    assert side is not None and side.pages == ("hud.png", "more.png")
    assert side.premultiplied == {"hud.png"}
    assert side.regions == {"hud.png": ((16, 0, 16, 12),), "more.png": ((1, 2, 3, 4),)}

    larger = side.scaled(4).decode()

    for line in ("size: 192,128", "  xy: 64, 0", "  size: 64, 48", "  offset: -8, 4", "  split: 4, 8, 12, 16"):
        assert line in larger.splitlines()
    assert "  index: 7" in larger and "bounds:4,8,16,12" in larger and "rotate:90" in larger
    assert re.sub(r"\d+", "0", larger) == re.sub(r"\d+", "0", ATLAS.decode())


@pytest.mark.parametrize("form", ["text", "xml"])
def test_fonts_as_text_and_xml(form: str) -> None:
    """Positions, advances and kerning are scaled; ids, counts and the font's name are not."""
    data = FONT
    if form == "xml":
        lines = [re.sub(r"=(-?[\d,]+)", r'="\1"', line) for line in FONT.decode().splitlines()]
        data = "<font>\n{}\n</font>".format("\n".join(f"<{line} />" for line in lines)).encode()
    side = parse("letters.fnt", data)
    assert side is not None and side.pages == ("letters.png",)
    assert side.regions == {"letters.png": ((0, 4, 6, 8),)}

    larger = side.scaled(3).decode().replace('"', "")

    for part in (
        "size=24",
        "padding=3,3,6,6",
        "lineHeight=24",
        "scaleW=144",
        "x=0",
        "y=12",
        "xoffset=-3",
        "xadvance=21",
    ):
        assert part in larger
    for part in ("face=a 12", "pages=1", "id=65", "first=65", "second=66", "amount=-3", "chnl=15", "count=1"):
        assert part in larger


def test_fonts_as_bytes() -> None:
    """BMFont's binary form: the same numbers in their fields, which never overflow."""
    info = struct.pack("<hBBHB4B2BB", 12, 0, 0, 100, 1, 1, 1, 200, 1, 1, 0, 1) + b"face\0"
    common = struct.pack("<5HB4B", 16, 13, 256, 20000, 1, 0, 0, 0, 0, 0)
    char = struct.pack("<I4H3hBB", 65, 3, 4, 5, 6, -1, 0, 7, 0, 15)
    kerning = struct.pack("<IIh", 65, 66, -2)
    blocks = [(1, info), (2, common), (3, b"a.png\0"), (4, char), (5, kerning)]
    data = b"BMF\x03" + b"".join(struct.pack("<BI", kind, len(body)) + body for kind, body in blocks)
    side = parse("a.fnt", data)
    assert side is not None and side.pages == ("a.png",) and side.regions == {"a.png": ((3, 4, 5, 6),)}

    larger = side.scaled(4)

    assert len(larger) == len(data)
    assert struct.pack("<I4H3hBB", 65, 12, 16, 20, 24, -4, 0, 28, 0, 15) in larger
    assert struct.pack("<IIh", 65, 66, -8) in larger
    assert struct.pack("<5H", 64, 52, 1024, 65535, 1) in larger
    assert struct.pack("<4B", 4, 4, 255, 4) in larger


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("as_list", [False, True])
def test_sheets_in_json(indent: int | str | None, as_list: bool) -> None:
    """Boxes and vertices are scaled; times, tags, scale and relative pivots are not; the text's form is kept."""
    whole = json.loads(json.dumps(SHEET))
    if as_list:
        whole["frames"] = [{"filename": name, **frame} for name, frame in whole["frames"].items()]
    data = json.dumps(whole, indent=indent).encode()
    side = parse("walk.json", data)
    assert side is not None and side.pages == ("walk.png",) and side.regions == {"walk.png": ((1, 2, 6, 8),)}

    larger = side.scaled(4)
    document = json.loads(larger)

    frame = document["frames"][0] if as_list else document["frames"]["walk 0"]
    assert frame["frame"] == {"x": 4, "y": 8, "w": 32, "h": 24}
    assert frame["sourceSize"] == {"w": 40, "h": 40} and frame["vertices"] == [[0, 0], [32, 24]]
    assert (frame["pivot"], frame["duration"]) == ({"x": 0.5, "y": 1}, 100)
    assert document["meta"]["size"] == {"w": 128, "h": 64}
    assert (document["meta"]["scale"], document["meta"]["frameTags"]) == ("1", SHEET["meta"]["frameTags"])  # type: ignore[index]
    assert document["meta"]["slices"][0]["keys"][0] == {
        "frame": 0, "bounds": {"x": 4, "y": 4, "w": 16, "h": 16}, "pivot": {"x": 8, "y": 12}
    }  # fmt: skip
    assert json.dumps(json.loads(larger), indent=indent).encode() == larger


def test_several_pages_in_json() -> None:
    """Phaser's multiatlas."""
    page = {"image": "a.png", "size": {"w": 8, "h": 8}, "frames": [{"frame": {"x": 0, "y": 0, "w": 4, "h": 4}}]}
    side = parse("x.json", json.dumps({"textures": [page, {**page, "image": "b.png"}]}).encode())
    assert side is not None and side.pages == ("a.png", "b.png")
    assert json.loads(side.scaled(2))["textures"][1]["frames"][0]["frame"] == {"x": 0, "y": 0, "w": 8, "h": 8}


def test_sheets_in_xml() -> None:
    """Only the attributes that are in pixels change."""
    side = parse("ships.xml", STARLING)
    assert side is not None and side.pages == ("ships.png",) and side.regions == {"ships.png": ((0, 16, 8, 9),)}
    larger = side.scaled(4)
    assert b'name="ship 2" x="0" y="64" width="32" height="36" frameX="-4" frameY="0" frameWidth="40"' in larger
    assert b"<!-- 32 pixels -->" in larger and b'version="1.0"' in larger and b'width="256" height="128"' in larger


def test_tilesets_of_tiled() -> None:
    """Sizes of tiles, gaps, collision shapes; never the number of tiles."""
    side = parse("t.tsx", TILESET)
    assert side is not None and side.pages == ("../tiles.png",)
    larger = side.scaled(2).decode()
    assert 'version="1.10"' in larger and 'tilecount="6"\n columns="3"' in larger
    assert 'tilewidth="32" tileheight="32" spacing="2" margin="4"' in larger
    assert 'width="108" height="74"' in larger and 'x="3.0" y="4" width="6" height="8"' in larger


def test_sheets_of_cocos() -> None:
    """Strings of numbers in braces; the format's version stays."""
    side = parse("c.plist", PLIST)
    assert side is not None and side.pages == ("cocos.png",)
    larger = side.scaled(2).decode()
    assert "{{4,8},{32,16}}" in larger and "{-1.0,2}" in larger and "{128,64}" in larger
    assert "<integer>2</integer>" in larger


def test_animations_of_optifine() -> None:
    """The position of the strip; its times stay. Other .properties hold no pixels."""
    data = b"from=./lava.png\r\nto=atlas.png\r\nx=16\r\ny=32\r\nw=16\r\nh=16\r\nduration.0=5\r\n"
    side = parse("a.properties", data)
    assert side is not None and side.pages == ("lava.png", "atlas.png")
    assert side.scaled(4) == b"from=./lava.png\r\nto=atlas.png\r\nx=64\r\ny=128\r\nw=64\r\nh=64\r\nduration.0=5\r\n"
    assert parse("b.properties", b"matchTiles=grass\nmethod=random\ntiles=0-3\n") is None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b'{"frames": {"a": {"frame": 3}}}'),
        ("a.json", b'{"frames": [1, 2]}'),
        ("a.json", b'{"textures": {"all": "block/stone"}}'),
        ("a.json", b'{"frames": ' + b"[" * 3000),
        ("a.json", b"\xff\xfe"),
        ("a.atlas", b"just words\nand more\n"),
        ("a.atlas", b"\0\1\2"),
        ("a.fnt", b"MZ\0\0"),
        ("a.fnt", b"BMF\x03\x01\xff\xff\xff\xff"),
        ("a.xml", b"<html><body width='3'/></html>"),
        ("a.xml", b'<TextureAtlas imagePath="a.png" width="64" height="32"/>'),
        ("a.plist", b"<plist><dict/></plist>"),
        ("a.plist", b"<plist><dict><key>frames</key><dict/></dict></plist>"),
        ("a.plist", b"<plist><dict><key>width</key><integer>3</integer></dict></plist>"),
        ("a.png", ATLAS),
        ("a.json", b""),
    ],
)
def test_what_holds_no_coordinates(name: str, data: bytes) -> None:
    """Damaged and other files with the same extension are left alone, without an error."""
    assert parse(name, data) is None


def test_unknown_kinds_are_suspected_by_their_words() -> None:
    """A picture's name together with numbers of pixels; neither alone."""
    assert suspicion("a.tres", b'path="res://hero.png"\nregion = Rect2(0, 16, 16, 16)') == "hero.png"
    assert suspicion("hero.sprite", b'(images "hero-0.png") (hitbox 5 3 20 30)') == "hero-0.png"
    assert suspicion("a.txt", b"hero.png is by Ann, 2014") == ""
    assert suspicion("a.txt", b"width: 3") == ""
    assert suspicion("a.json", b'"hero.png", "x": 3') == ""


def test_facts_of_a_picture() -> None:
    """The facts from all side files of its folder."""
    side = parse("hud.atlas", ATLAS)
    assert side is not None
    assert facts_for("hud.png", [side, side]).regions == ((16, 0, 16, 12),)
    assert facts_for("hud.png", [side]).premultiplied and not facts_for("more.png", [side]).premultiplied
    assert not facts_for("other.png", [side])


def test_letters_without_pixels_are_no_regions() -> None:
    """A space has no width or height; a full stop may be a single pixel."""
    lines = [f"char id={n} x={n} y=1 width={w} height={h} page=0" for n, (w, h) in enumerate([(0, 4), (4, 0), (1, 1)])]
    head = 'common lineHeight=8 base=7 scaleW=48 scaleH=32 pages=1\npage id=0 file="a.png"\n'
    side = parse("a.fnt", (head + "\n".join(lines)).encode())
    assert side is not None and side.regions == {"a.png": ((2, 1, 1, 1),)}


@pytest.mark.parametrize(("kind", "record"), [(4, struct.pack("<I4H3hBB", 65, 3, 4, 5, 6, 1, 1, 7, 0, 15)),
                                              (5, struct.pack("<IIh", 65, 66, -2))])  # fmt: skip
def test_half_a_record_of_a_font_is_left_alone(kind: int, record: bytes) -> None:
    """A block that ends in the middle of a record: the whole records are scaled, the rest stays byte for byte."""
    cut = record[:-1]
    blocks = [(3, b"a.png\0"), (kind, record + cut)]
    data = b"BMF\x03" + b"".join(struct.pack("<BI", number, len(body)) + body for number, body in blocks)
    side = parse("a.fnt", data)
    assert side is not None and len(side.regions["a.png"]) == (kind == 4)

    larger = side.scaled(2)

    assert larger.endswith(cut) and not larger.endswith(record + cut) and len(larger) == len(data)


@pytest.mark.parametrize("end", ['"/>', '" />', '"></page>'])
def test_a_page_of_a_font_in_xml_is_found_however_its_tag_ends(end: str) -> None:
    """With or without a space before the slash, on one line or several."""
    data = (
        f'<font><common lineHeight="9" base="7" scaleW="64" scaleH="32"/><pages><page id="0" file="a b.png{end}</pages>'
        '<chars><char id="65" x="32" y="0" width="8" height="9" xoffset="-1" yoffset="2" xadvance="7"/></chars></font>'
    )
    side = parse("a.fnt", data.encode())

    assert side is not None and side.pages == ("a b.png",) and side.regions == {"a b.png": ((32, 0, 8, 9),)}
    assert b'x="128" y="0" width="32"' in side.scaled(4)
