"""An independent judge of faces, in a Python that has dlib (faces_judge_worker.py): is there one, and whose."""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.resumed_rows import Cells
from PIL import Image


def judged(python: str, pictures: Iterable[Cells]) -> list[Any]:
    """The judge's answer to each picture; None where it does not find a face."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, pixels in enumerate(pictures):
            paths.append(str(Path(folder, f"{number}.png")))
            Image.fromarray(pixels).save(paths[-1])
        worker = Path(__file__).with_name("faces_judge_worker.py")
        process = subprocess.run([python, str(worker), *paths], capture_output=True, text=True, check=True)
        answers: dict[str, Any] = json.loads(process.stdout)
        return [answers[path] for path in paths]


def distances(answers: list[Any]) -> list[float]:
    """The distance of each pair of faces that the judge found."""
    descriptors = [np.array(answer["descriptor"]) for answer in answers if answer]
    return [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(descriptors, 2)]
