"""Facts about a third-party network, as stored in the metadata of its weights file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from depixel.errors import WeightsError

FAMILIES = ("spandrel", "onnx")
LARGEST_SCALE = 16


@dataclass(frozen=True)
class NetworkFacts:
    """Facts about one network; all sizes in pixels of the small picture."""

    family: str  # one of FAMILIES: the library that runs it
    architecture: str  # "ESRGAN", "SwinIR" ...; "ONNX" if the file does not say
    tags: tuple[str, ...]  # "64nf", "23nb" ...: sizes as the library names them
    scale: int  # 2 ... LARGEST_SCALE
    channels: int  # 1, 3 or 4, in and out
    least_side: int  # the library pads smaller pictures
    multiple: int  # sides are padded to a multiple of this
    half: bool  # the architecture is declared to work in float16
    bfloat16: bool  # the same for bfloat16
    reach: int = 0  # measured: surroundings that a tile needs to equal the whole picture
    grid: int = 1  # measured: tiles begin at multiples of this
    sees_all: bool = False  # measured: every tile depends on the whole picture, so no surroundings are enough
    stray: float = 0.0  # measured: levels by which a tile may differ from the whole picture
    bytes_per_pixel: int = 0  # measured: memory of one pass per small pixel

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "tags": list(self.tags)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], label: str) -> NetworkFacts:
        """
        Read back what `to_dict` wrote.

        Raises:
            WeightsError: a value is missing or invalid.
        """
        values = config.get("network")
        try:
            if not isinstance(values, dict):
                raise TypeError("network")
            facts = cls(**{**values, "tags": tuple(str(tag) for tag in values["tags"])})
            numbers = (facts.scale, facts.channels, facts.least_side, facts.multiple, facts.reach, facts.grid)
            if not all(isinstance(n, int) for n in numbers) or not 2 <= facts.scale <= LARGEST_SCALE:
                raise ValueError("scale")
            if facts.family not in FAMILIES or facts.channels not in (1, 3, 4):
                raise ValueError("family")
            if not (0 <= facts.reach <= 1024 and 1 <= facts.grid <= 1024 and 1 <= facts.multiple <= 1024):
                raise ValueError("reach")
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(
                f"{label} lacks the description of its network ({error}); add the model again."
            ) from None
        return facts

    @property
    def summary(self) -> str:
        """For lists: "ESRGAN x4, 64nf 23nb"."""
        return " ".join([self.architecture, f"x{self.scale}", *self.tags])

    @property
    def requirements(self) -> str:
        """The sizes that the network accepts, in words."""
        parts = [f"at least {self.least_side} pixels per side"] if self.least_side > 1 else []
        parts += [f"sides in multiples of {self.multiple}"] if self.multiple > 1 else []
        return " and ".join(parts) + " (Depixel pads smaller pictures)" if parts else "any size"
