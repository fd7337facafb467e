"""The table of kinds of hair and beards."""

from __future__ import annotations

from depixel.faces.kinds import BEARD_KINDS, HAIR_KINDS
from depixel.faces.reader import BEARDS, HAIR
from depixel.portrait.parameters import by_name


def test_every_style_has_one_kind() -> None:
    """Each hair style and each beard of the drawn head belongs to exactly one kind that the reader distinguishes."""
    for kinds, names, dial in ((HAIR_KINDS, HAIR, "hair"), (BEARD_KINDS, BEARDS, "beard")):
        assert tuple(kinds) == names
        assert sorted(name for group in kinds.values() for name in group) == sorted(by_name()[dial].options)
