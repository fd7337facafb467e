"""Every solid part of a picture as one mesh: head, glasses, clothes, headwear, each with its material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.portrait.head import Head
from depixel.portrait.raster import vertex_normals
from depixel.portrait.shape import Figure

SKIN, EYE, TEETH, TONGUE, CLOTH, INNER_CLOTH, FRAME, HEADWEAR = range(8)
"""Materials; the first four are the head's parts."""
STRAND = 8
"""Material of everything that is not a mesh."""


@dataclass(frozen=True)
class Mesh:
    """Something solid on each of B people."""

    material: int
    vertices: Tensor
    """[B, N, 3] dm in the world."""
    triangles: Tensor
    """[M, 3] int64, counter-clockwise from outside."""
    place: Tensor
    """[1, N, 3] or [B, N, 3] dm: the position of each vertex for patterns."""
    cut: Tensor | None = None
    """[B, N]: the mesh ends where this falls below 0."""
    two_sided: bool = False


@dataclass(frozen=True)
class Solid:
    """All meshes joined."""

    vertices: Tensor
    """[B, N, 3] dm."""
    normals: Tensor
    """[B, N, 3]."""
    triangles: Tensor
    """[M, 3]."""
    materials: Tensor
    """[M]."""
    place: Tensor
    """[1 or B, N, 3]."""
    cut: Tensor
    """[B, N]; 0 where a mesh never ends."""
    pieces: tuple[tuple[slice, bool, bool], ...]
    """(triangles, two_sided, has a cut) of each mesh."""


def head_meshes(figure: Figure, head: Head, level: int) -> tuple[Mesh, Tensor]:
    """The head itself (its materials differ by triangle, see `joined`) and the parts of its triangles [M]."""
    fine = head.level(level)
    return Mesh(SKIN, fine.apply(figure.posed), fine.triangles, fine.canonical[None]), fine.parts


def joined(head: Mesh, parts: Tensor, others: Sequence[Mesh]) -> Solid:
    """The head first (the parts of its triangles are their materials), then the rest."""
    meshes = [head, *others]
    B = len(head.vertices)
    device = head.vertices.device
    triangles, materials, pieces, cuts, normals = [], [parts], [], [], []
    vertex = triangle = 0
    for mesh in meshes:
        triangles.append(mesh.triangles + vertex)
        normals.append(vertex_normals(mesh.vertices, mesh.triangles))
        count = mesh.vertices.shape[1]
        cuts.append(mesh.cut if mesh.cut is not None else torch.zeros(B, count, device=device))
        pieces.append((slice(triangle, triangle + len(mesh.triangles)), mesh.two_sided, mesh.cut is not None))
        vertex += count
        triangle += len(mesh.triangles)
    materials += [torch.full((len(mesh.triangles),), mesh.material, device=device) for mesh in others]
    shared = all(len(mesh.place) == 1 for mesh in meshes)
    places = [mesh.place if shared else mesh.place.expand(B, -1, -1) for mesh in meshes]
    return Solid(
        torch.cat([mesh.vertices for mesh in meshes], 1),
        torch.cat(normals, 1),
        torch.cat(triangles),
        torch.cat(materials),
        torch.cat(places, 1),
        torch.cat(cuts, 1),
        tuple(pieces),
    )
