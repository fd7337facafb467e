"""Catmull-Clark subdivision as sparse matrices: one product takes coarse vertices to smooth ones."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def subdivide(quads: Tensor, vertices: int) -> tuple[Tensor, Tensor]:
    """One level of subdivision of a mesh of quads.

    quads: [F, 4] int64, corners in order; vertices: their number n.
    Returns (matrix, finer): matrix is sparse CSR [n + E + F, n] float32 and takes old positions [n, C] to new ones,
    rows in the order old vertices, edge points, face points; finer is [4 F, 4] int64. Vertices in no quad stay.
    Source: Catmull and Clark, "Recursively generated B-spline surfaces", 1978; borders are cubic B-splines.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")  # a product of two is stable enough
        return _subdivide(quads, vertices)


def _subdivide(quads: Tensor, vertices: int) -> tuple[Tensor, Tensor]:
    count = len(quads)
    ends = torch.stack([quads, quads.roll(-1, 1)], -1).reshape(-1, 2).sort(1).values
    edges, edge_of = torch.unique(ends, dim=0, return_inverse=True)
    m = len(edges)
    inner = torch.bincount(edge_of, minlength=m) == 2
    face_row = torch.arange(count).repeat_interleave(4)
    face_points = _sparse(face_row, quads.reshape(-1), torch.full((count * 4,), 0.25), (count, vertices))
    middles = _sparse(torch.arange(m).repeat_interleave(2), edges.reshape(-1), torch.full((m * 2,), 0.5), (m, vertices))
    around = _sparse(edge_of, face_row, torch.ones(count * 4), (m, count))
    edge_points = _scaled(middles, torch.where(inner, 0.5, 1.0)) + _scaled(around @ face_points, inner * 0.25)
    matrix = torch.cat([_old_points(quads, edges, inner, face_points, middles), edge_points, face_points])
    e = edge_of.reshape(count, 4) + vertices
    f = torch.arange(count) + vertices + m
    corners = [torch.stack([quads[:, k], e[:, k], f, e[:, (k - 1) % 4]], 1) for k in range(4)]
    return matrix.coalesce().to_sparse_csr(), torch.stack(corners, 1).reshape(-1, 4)


def _old_points(quads: Tensor, edges: Tensor, inner: Tensor, face_points: Tensor, middles: Tensor) -> Tensor:
    n = face_points.shape[1]
    m, count = len(edges), len(quads)
    valence = torch.bincount(edges.reshape(-1), minlength=n).float()
    safe = valence.clamp(min=1)
    to_face = _sparse(quads.reshape(-1), torch.arange(count).repeat_interleave(4), torch.ones(count * 4), (n, count))
    to_edge = _sparse(edges.reshape(-1), torch.arange(m).repeat_interleave(2), torch.ones(m * 2), (n, m))
    faces = torch.bincount(quads.reshape(-1), minlength=n).clamp(min=1).float()
    border = torch.zeros(n, dtype=torch.bool)
    border[edges[~inner].reshape(-1)] = True
    free = (valence > 0) & ~border
    rim = edges[~inner]
    to_rim = _sparse(
        rim.reshape(-1), torch.nonzero(~inner).squeeze(1).repeat_interleave(2), torch.ones(len(rim) * 2), (n, m)
    )
    rims = torch.bincount(rim.reshape(-1), minlength=n).clamp(min=1).float()
    stay = torch.where(free, (safe - 3) / safe, torch.where(border, 0.5, 1.0))
    points = _sparse(torch.arange(n), torch.arange(n), stay, (n, n))
    points = points + _scaled(to_face @ face_points, free / (faces * safe))
    points = points + _scaled(to_edge @ middles, free * 2 / (safe * safe))
    return points + _scaled(to_rim @ middles, border * 0.5 / rims)


def _sparse(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    return torch.sparse_coo_tensor(torch.stack([rows, columns]), values, shape, check_invariants=False).coalesce()


def _scaled(matrix: Tensor, rows: Tensor) -> Tensor:
    """The matrix with each row multiplied by a number."""
    matrix = matrix.coalesce()
    index = matrix.indices()
    values = matrix.values() * rows.float()[index[0]]
    keep = values != 0
    return torch.sparse_coo_tensor(index[:, keep], values[keep], matrix.shape, check_invariants=False).coalesce()
