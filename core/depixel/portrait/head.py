"""The drawn head's data: base mesh, shapes, facial actions, regions of the skin (weights/head.safetensors, CC0)."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from depixel.errors import DepixelError
from depixel.portrait.subdivision import subdivide

PATH = Path(__file__).parent.parent / "weights" / "head.safetensors"
SKIN, EYE, TEETH, TONGUE = range(4)
"""Parts of the mesh."""
LEVELS = 3


class Level(NamedTuple):
    """The mesh at one level of detail."""

    matrix: Tensor
    """Sparse CSR [N, n]: maps the positions of the coarse vertices to those of this level."""
    triangles: Tensor
    """[M, 3] int64, counter-clockwise from outside."""
    parts: Tensor
    """[M] int64: SKIN, EYE, TEETH or TONGUE."""
    canonical: Tensor
    """
    [N, 3] in dm: where the vertex is on the base head. Skin is a function of it, so it stays put when people differ.
    """
    regions: Tensor
    """[N, R], 0 to 1, in the order of `Head.region_names`."""

    def apply(self, coarse: Tensor) -> Tensor:
        """Positions [B, n, C] of the coarse vertices mapped to [B, N, C] of this level."""
        B, n, C = coarse.shape
        fine: Tensor = self.matrix @ coarse.permute(1, 0, 2).reshape(n, B * C)
        return fine.reshape(-1, B, C).permute(1, 0, 2).contiguous()


class Head:
    """The head's data on one device.

    Coordinates are decimetres: x to the person's left (the picture's right), y up, z forward, origin between the eyes.
    """

    def __init__(self, path: Path = PATH, device: str | torch.device = "cpu") -> None:
        """Read the file; raises DepixelError if it is missing or damaged."""
        try:
            with safe_open(path, "pt") as file:
                names = json.loads(file.metadata()["names"])
                data = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no dict)
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise DepixelError(f"{path} cannot be read ({error}); reinstall Depixel.") from error
        self.device = torch.device(device)
        self.phenotype_names: list[str] = names["phenotypes"]
        self.feature_names: list[str] = names["features"]
        self.action_names: list[str] = names["actions"]
        self.region_names: list[str] = names["regions"]
        self.template = data["template"].to(device)
        """[n, 3] in dm."""
        self.quads = data["quads"].long()
        self.quad_parts = data["parts"].long()
        chest = data["chest"].long()
        self.phenotypes = _decoded(data, "phenotypes", chest).to(device)
        """[K, n * 3], principal components of the phenotype shapes, in dm."""
        self.phenotype_coefficients = data["phenotype_coefficients"].to(device)
        """[96, K], each phenotype corner in terms of the components."""
        self.features = _decoded(data, "features", chest).to(device)
        """[F, n * 3] in dm at a value of 1."""
        self.actions = _decoded(data, "actions", chest).to(device)
        """[A, n * 3] in dm at a value of 1."""
        self.regions = (data["regions"].float() / 255).T.contiguous().to(device)
        """[n, R], 0 to 1."""
        self.eyes = torch.stack([data["left_eye"].long(), data["right_eye"].long()]).to(device)
        """[2, E], the vertices of the person's left and right eyeballs."""
        self.lashes = {name[7:]: data[name].long().to(device) for name in data if name.startswith("lashes_")}
        """"left_upper" and so on => [W, 5] vertices, from the inner to the outer corner, root to tip."""
        self.skin_quads = self.quads[self.quad_parts == SKIN].to(device)
        """[S, 4] int64."""
        self.inside_mouth = torch.unique(self.quads[self.quad_parts >= TEETH]).to(device)
        """[k] int64, vertices of teeth and tongue."""
        self.landmarks = _landmarks(self)
        """Name => vertices [k] whose mean is the landmark; left and right are the person's."""
        self._levels: dict[int, Level] = {}

    def region(self, name: str) -> Tensor:
        """Weight [n] of each coarse vertex in a region, 0 to 1."""
        weight: Tensor = self.regions[:, self.region_names.index(name)]
        return weight

    def landmarks_only(self) -> Head:
        """This head reduced to the vertices of the landmarks: shaping it costs almost nothing."""
        kept = torch.unique(torch.cat([*self.landmarks.values()]))
        place = torch.full((len(self.template),), -1, dtype=torch.long, device=kept.device)
        place[kept] = torch.arange(len(kept), device=kept.device)
        few = copy.copy(self)
        few.template, few.regions = self.template[kept], self.regions[kept]
        for name in ("phenotypes", "features", "actions"):
            shapes = getattr(self, name).reshape(-1, len(self.template), 3)[:, kept]
            setattr(few, name, shapes.reshape(len(shapes), -1).contiguous())
        few.inside_mouth = self.inside_mouth[:0]
        few.landmarks = {name: place[vertices] for name, vertices in self.landmarks.items()}
        return few

    def level(self, number: int) -> Level:
        """The mesh at level 0 (as coarse as the data, smoothed), 1 or 2 (each four times as many quads)."""
        if number not in self._levels:
            self._levels[number] = self._make_level(number)
        return self._levels[number]

    def _make_level(self, number: int) -> Level:
        n = len(self.template)
        if number == 0:
            matrix = _first_rows(subdivide(self.quads, n)[0], n)
            quads, parts = self.quads, self.quad_parts
        else:
            matrix, quads = subdivide(self.quads, n)
            parts = self.quad_parts.repeat_interleave(4)
            if number > 1:
                second, quads = subdivide(quads, matrix.shape[0])
                matrix, parts = second @ matrix, parts.repeat_interleave(4)
        matrix = matrix.to(self.device)
        triangles = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).to(self.device)
        smooth = matrix @ torch.cat([self.template, self.regions], 1)
        return Level(matrix, triangles, parts.repeat(2).to(self.device), smooth[:, :3].contiguous(), smooth[:, 3:])


@lru_cache(maxsize=2)
def released_head(device: str = "cpu") -> Head:
    """The released head's data on a device, read once."""
    return Head(PATH, device)


def _decoded(data: dict[str, Tensor], name: str, chest: Tensor) -> Tensor:
    shapes = data[name].float() * data[f"{name}_scale"][:, chest][..., None]
    return shapes.reshape(len(shapes), -1)


def _first_rows(matrix: Tensor, count: int) -> Tensor:
    ends = matrix.crow_indices()[: count + 1]
    last = int(ends[-1])
    columns, values = matrix.col_indices()[:last], matrix.values()[:last]
    return torch.sparse_csr_tensor(ends, columns, values, (count, matrix.shape[1]), check_invariants=False)


def _landmarks(head: Head) -> dict[str, Tensor]:
    """Landmarks found on the base head by their geometry: extremes of lips, lids and profile."""
    t = head.template
    skin = torch.zeros(len(t), dtype=torch.bool, device=t.device)
    skin[head.skin_quads.reshape(-1)] = True
    middle = skin & (t[:, 0].abs() < 0.02)
    lips = (head.region("lips") > 0.5).nonzero().squeeze(1)
    bands = ((-0.55, -0.1), (-0.95, -0.5), (-1.25, -0.85))
    nose, lip, chin = ((middle & (t[:, 1] > low) & (t[:, 1] < high)).nonzero().squeeze(1) for low, high in bands)
    red = lip[head.region("lips")[lip] > 0.5]
    marks = {
        "left_mouth": lips[t[lips, 0].argmax()][None],
        "right_mouth": lips[t[lips, 0].argmin()][None],
        "nose_tip": nose[t[nose, 2].argmax()][None],
        "upper_lip": red[t[red, 1].argmax()][None],
        "lower_lip": red[t[red, 1].argmin()][None],
        "chin": chin[(t[chin, 2] - t[chin, 1]).argmax()][None],
    }
    for side, name in enumerate(("left", "right")):
        marks[f"{name}_eye"] = head.eyes[side]
        for place, corner in ((0, "inner"), (-1, "outer")):
            lids = [head.lashes[f"{name}_{lid}"][place, 0] for lid in ("upper", "lower")]
            marks[f"{name}_eye_{corner}"] = torch.stack(lids)
    return marks
