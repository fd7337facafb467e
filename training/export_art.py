"""
Writes a run's averaged network as released weights.

    python -m training.export_art --run RUN --out core/depixel/weights/art-small.safetensors --strength 0.7
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from training.checkpoints import read_checkpoint
from training.releases import save_release


def export(run: Path, out: Path, strength: float = 1.0) -> None:
    """
    Write float16 tensors, with configuration, licence and the run's cost in the metadata.

    Args:
        strength: of training's z at imagination 1; folded into the weights that are multiplied by z.
    """
    state, tensors = read_checkpoint(run)
    average = {k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")}
    for name, value in average.items():
        power = 1 if ".bend." in name else 2 if name.startswith("vivid.") else 0  # proportional to the square of z
        average[name] = (value * strength**power).half()
    metadata = {
        "config": json.dumps({"kind": "art", **state["config"]}),  # type: ignore[dict-item]
        "licence": "CC-BY-SA-4.0",
        "trained": json.dumps({key: state[key] for key in ("steps", "samples", "seconds")}),
    }
    save_release(average, out, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--strength", type=float, default=1.0, help="strength of training's z at imagination 1")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out, arguments.strength)


if __name__ == "__main__":
    main()
