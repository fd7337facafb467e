"""All answers of a dialog side by side, each labelled by what distinguishes it, with a tick to keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import depixel_client as client
import gi
import pixbufs
from selection import Box

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402

_LEAST, _GAP = 90, 8  # pixels of a tile's side, and between tiles
_WIDTH, _HEIGHT = 380, 390  # smallest size of all tiles together: four answers are fully visible
_MOST = 24  # answers that stay; the oldest unticked ones are removed first
_STEP = 6  # changes of a tile's side in pixels below which tiles are not redrawn


@dataclass(eq=False)
class WallEntry:
    """
    One answer of this dialog.

    pixels: a pixbuf. part: the part of the layer that it answers. values: the dialog's values that led to it. live: it
    was made automatically after a change, and is removed when the next one comes.
    """

    pixels: Any
    part: Box
    recipe: client.Recipe
    values: dict[str, Any]
    label: str
    summary: str
    live: bool = False

    def is_same(self, other: WallEntry) -> bool:
        """Whether it is the same answer to the same part."""
        return self.recipe == other.recipe and self.part == other.part


class Wall:
    """
    The answers of a dialog side by side, each with a tick.

    Args:
        opened: called with the `WallEntry` that was clicked.
        ticked: called when the ticks change.
    """

    def __init__(self, opened: Callable[[WallEntry], None], ticked: Callable[[], None]) -> None:
        self._opened, self._ticked = opened, ticked
        self._tiles: dict[WallEntry, tuple[Any, Any, Any]] = {}  # => the tile, its picture, its tick
        self._side = 0
        self._quiet = False
        self._flow = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, row_spacing=_GAP, column_spacing=_GAP,
                                 valign=Gtk.Align.START, homogeneous=True, max_children_per_line=3)  # fmt: skip
        self.area = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, hscrollbar_policy=Gtk.PolicyType.NEVER,
                                       overlay_scrolling=False)  # fmt: skip
        self.area.add(self._flow)
        self.area.set_size_request(_WIDTH, _HEIGHT)
        # Deferred, because a size requested during an allocation is ignored.
        self.area.connect("size-allocate", lambda _, place: GLib.idle_add(self._resize, place.width))

    def __len__(self) -> int:
        return len(self._tiles)

    def add(self, entry: WallEntry) -> None:
        """Add an answer at the end; a live one replaces the previous live one."""
        last = next(reversed(self._tiles), None)
        if entry.live and last is not None and last.live and not self._tiles[last][2].get_active():
            self._remove(last)
        for one in [one for one in self._tiles if one.is_same(entry) and not self._tiles[one][2].get_active()]:
            self._remove(one)
        old = [one for one, tile in self._tiles.items() if not tile[2].get_active()]
        for one in old[: max(0, len(self._tiles) + 1 - _MOST)]:
            self._remove(one)
        picture = Gtk.Image()
        button = Gtk.Button(relief=Gtk.ReliefStyle.NONE)
        button.add(picture)
        button.set_tooltip_text("Enlarge this answer and keep only this one")
        button.get_accessible().set_name(entry.label)
        button.connect("clicked", lambda _: self._opened(entry))
        tick = Gtk.CheckButton(halign=Gtk.Align.CENTER)
        tick.add(Gtk.Label(label=entry.label, wrap=True, width_chars=12, max_width_chars=16, xalign=0))
        tick.set_tooltip_text("%s. Tick the answers that you want." % entry.label)
        tick.connect("toggled", self._toggled)
        tile = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        tile.pack_start(button, False, False, 0)
        tile.pack_start(tick, False, False, 0)
        self._flow.add(tile)
        tile.get_parent().set_can_focus(False)  # of FlowBox; the button and the tick have the focus
        tile.get_parent().show_all()
        self._tiles[entry] = (tile, picture, tick)
        self._resize(self.area.get_allocated_width(), always=True)

    def kept(self) -> list[WallEntry]:
        """The ticked answers, in their order."""
        return [entry for entry, tile in self._tiles.items() if tile[2].get_active()]

    def keep_only(self, chosen: WallEntry | None) -> None:
        """Tick only this one, or none."""
        self._quiet = True
        for entry, tile in self._tiles.items():
            tile[2].set_active(entry is chosen)
        self._quiet = False
        self._ticked()

    def first(self) -> WallEntry | None:
        """The oldest answer."""
        return next(iter(self._tiles), None)

    def latest(self) -> WallEntry | None:
        """The newest answer."""
        return next(reversed(self._tiles), None)

    def _toggled(self, _: Any) -> None:
        if not self._quiet:
            self._ticked()

    def _remove(self, entry: WallEntry) -> None:
        self._tiles.pop(entry)[0].get_parent().destroy()

    def _resize(self, width: int, always: bool = False) -> bool:
        count = len(self._tiles)
        columns = 1 if count <= 1 else 2 if count <= 6 else 3
        side = max(_LEAST, (width - 2 * _GAP) // columns - 3 * _GAP)
        if not always and abs(side - self._side) < _STEP:
            return False
        self._side = side
        self._flow.set_min_children_per_line(columns)
        for entry, (_, picture, _) in self._tiles.items():
            wide, high = entry.pixels.get_width(), entry.pixels.get_height()
            times = side / max(wide, high)
            times = float(int(times)) if times > 1 else times
            size = (max(1, round(wide * times)), max(1, round(high * times)))
            picture.set_from_pixbuf(pixbufs.on_checks(entry.pixels, *size))
        return False
