"""
The sources of the art prior's training pictures: package, kind, limit of crops, and what is excluded.

The licence of each file is read from a census (one PKG.tsv per package: path, width, height, licence of the
debian/copyright stanza that covers it), so the manifest can name it. Packages whose licence covers everything in them
name it here instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Evaluation sources: never trained on. Matched against the package and against every path.
EVALUATION = ("wesnoth", "crawl", "freedoom", "openarena", "nexuiz", "colobot", "supertux-data", "twemoji")


@dataclass(frozen=True)
class PackageSource:
    """One package of pictures."""

    package: str
    manager: str  # "apt", "npm" or "pip": the client that downloads it
    kind: str  # "sprites", "textures" or "vector"
    limit: int  # crops at most
    version: str = ""  # pinned if the client allows it; apt uses the release's own
    licence: str = ""  # for packages with one licence; empty: per file, from the census
    per_image: int = 12  # most crops from one picture
    skip: str = ""  # regular expression of excluded paths, with the reason in a comment
    opaque: bool = False  # alpha is a mask (player colour, gloss), not transparency: ignore it


SOURCES = (
    PackageSource("flare-game", "apt", "sprites", 1500),
    PackageSource("endless-sky-high-dpi", "apt", "sprites", 2600, per_image=6),
    PackageSource("freeorion-data", "apt", "sprites", 1600, per_image=6),
    PackageSource("unknown-horizons", "apt", "sprites", 1400, per_image=3),
    PackageSource("ddnet-data", "apt", "sprites", 500, per_image=6),
    PackageSource("teeworlds-data", "apt", "sprites", 500, per_image=6),
    PackageSource("ardentryst", "apt", "sprites", 500, per_image=4),
    PackageSource("caveexpress-data", "apt", "sprites", 400),
    PackageSource("raincat-data", "apt", "sprites", 400),
    PackageSource("renpy-demo", "apt", "sprites", 900, per_image=30),
    PackageSource("dustracing2d-data", "apt", "sprites", 300),
    PackageSource("naev-data", "apt", "sprites", 900, per_image=5),
    PackageSource("arcade", "pip", "sprites", 700, version="3.3.3", licence="CC0-1.0", per_image=3,
           skip=r"cybercity_background|miami_synth_parallax|pixel|sokoban"),  # no licence named; pixel art
    PackageSource("renpy-thequestion", "apt", "sprites", 400, per_image=20),
    PackageSource("@lobehub/fluent-emoji-3d", "npm", "sprites", 3000, version="1.1.0", licence="MIT", per_image=1),
    PackageSource("megaglest-data", "apt", "textures", 2600),
    PackageSource("cube2-data", "apt", "textures", 2600),
    PackageSource("torcs-data", "apt", "textures", 1800, per_image=8),
    PackageSource("supertuxkart-data", "apt", "textures", 4000),
    PackageSource("redeclipse-data", "apt", "textures", 5000, per_image=10),
    PackageSource("ufoai-textures", "apt", "textures", 1500),
    PackageSource("0ad-data", "apt", "textures", 6000, per_image=4, opaque=True,
           skip=r"/(ui|session|loading)/|_mask|_spec|_norm|_ao|maps/"),  # parts of the interface, and maps of values
    PackageSource("fluentui-emoji", "npm", "vector", 3000, version="1.3.0", licence="MIT", per_image=2,
           skip=r"high-contrast"),  # black and white only
    PackageSource("openmoji", "npm", "vector", 2200, version="17.0.0", licence="CC-BY-SA-4.0", per_image=2,
           skip=r"/black/|/src/|/guidelines/|/data/"),
    PackageSource("@iconify-json/noto", "npm", "vector", 2200, version="1.2.9", licence="Apache-2.0", per_image=2),
    PackageSource("@iconify-json/game-icons", "npm", "vector", 700, version="1.2.4", licence="CC-BY-3.0", per_image=1),
    PackageSource("tango-icon-theme", "apt", "vector", 200, licence="public-domain", per_image=1),
    PackageSource("openclipart-svg", "apt", "vector", 2200, licence="public-domain", per_image=2,
           skip=r"/signs_and_symbols/flags/"),  # thousands of near duplicates
)  # fmt: skip

_FREE = re.compile(
    r"^(cc0.*|cc-by(-sa)?-(2\.0|3\.0|4\.0)(\+|-au)?|cc-by-sa|bsd.*|mit|expat|apache.*|ofl.*|free-art-license.*|pd|public[-_]domain)$"
)


def is_evaluation(package_or_path: str) -> bool:
    """True for anything that belongs to an evaluation source."""
    lowered = package_or_path.lower()
    return any(word in lowered for word in EVALUATION)


def is_free(licence: str) -> bool:
    """
    True when the licence, one of its alternatives ("A or B"), lets weights be shared under CC BY-SA 4.0.

    Every part of an "A and B" must be free. An empty licence is not.
    """
    parts = [part.strip() for part in licence.lower().replace(", and ", " and ").split(" and ")]
    return all(any(_FREE.match(choice.strip()) for choice in part.split(" or ")) for part in parts)


def census(folder: Path, package: str) -> dict[str, str]:
    """Free files of a package: path in the package => licence. Raises FileNotFoundError without a census."""
    files = {}
    for line in (folder / f"{package}.tsv").read_text(encoding="utf-8").splitlines():
        path, _, _, licence = line.split("\t")
        if is_free(licence) and not is_evaluation(path):
            files[path] = licence
    return files
