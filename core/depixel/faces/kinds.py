"""
Hair and beards of the drawn head by the kinds that `faces.reader` distinguishes: one table for search and training.
"""

from __future__ import annotations

HAIR_KINDS = {
    "bald": ("bald", "horseshoe"),
    "cropped": ("buzz", "crew", "receding", "cornrows"),
    "short": (
        "crop", "side-part", "comb-over", "slicked-back", "quiff", "spiky", "messy", "mohawk", "undercut", "mullet",
        "bowl", "pixie", "wet",
    ),
    "bob": ("bob", "bob-bangs", "side-swept", "shoulder", "lob-wavy"),
    "long": ("long", "bangs", "hime", "long-wavy", "ringlets", "long-curly", "half-up", "braids", "locs"),
    "tied": (
        "braid", "crown-braids", "ponytail", "high-ponytail", "low-ponytail", "pigtails", "bun", "top-knot", "updo",
    ),
    "afro": ("short-afro", "afro", "high-top", "curly", "twists"),
}  # fmt: skip
"""Kind of hair => styles of the drawn head; every style appears exactly once."""
BEARD_KINDS = {
    "none": ("none",),
    "stubble": ("stubble",),
    "moustache": ("moustache", "handlebar", "pencil-moustache"),
    "goatee": ("goatee", "soul-patch"),
    "full": ("full", "short", "long", "sideburns", "mutton-chops", "chin-strap"),
}
"""Kind of beard => beards of the drawn head; every beard appears exactly once."""
