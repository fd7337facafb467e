"""Strands: what hair is to the renderer.

Growing them is not done here; drawing them is. `depixel.portrait.hair.grow(figure, parameters, pixel)` gives a list of
`Strands` for the people of a figure; pixel [B] is how many dm one sample covers at the eyes, and says how many strands
are worth growing.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

HAIR, BROW, LASH, BEARD = range(4)
"""Materials of strands. HAIR and BEARD count as hair in the masks."""


class Strands(NamedTuple):
    """Strands of hair of some people; a strand is a flat ribbon of one or many hairs that faces the camera.

    S strands of P points each, root first. All tensors are on one device.
    """

    points: Tensor
    """[S, P, 3] dm in the world (`Figure.to_world` takes points there that turn with the head)."""
    person: Tensor
    """[S] int64, whose strand it is: row of the parameters."""
    radius: Tensor
    """[S] dm, half the ribbon's width at the root. It narrows towards the tip; the renderer widens what is thinner
    than a sample and takes its opacity down instead."""
    hairs: Tensor
    """[S] int64, hairs side by side in the ribbon, drawn as fine lines of their own with gaps towards the tip; 1 is a
    single hair."""
    colour: Tensor
    """[S, 3], linear reflectance, 0 to 1, of the strand; differentiable."""
    shine: Tensor
    """[S], strength of the highlights; 1 is healthy hair, 0 is dull."""
    material: int
    """HAIR, BROW, LASH or BEARD; all strands of one value are of one material."""
