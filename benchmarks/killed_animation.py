"""
An animation of many frames, the same frames as a strip, and a zip with the animation, in a watched folder whose watcher
is killed repeatedly. At the end every frame is compared with the answer expected for it. The same frames as a video
(if PyAV is installed) go through `depixel upscale`, which is killed as often: each frame of the answer must scale back
down to its own frame of the video.

    python benchmarks/killed_animation.py --frames 1000 --kills 10 --out FILE.json
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import kill_points
import numpy as np
from result_file import publish
from tiny_art import write_tiny_art
from watch_process import environment

from depixel import files
from depixel.picture import Picture
from depixel_watch.folder.layout import overlay_for

SIDE, SCALE = 12, 2  # pixels per side of a frame; of the video's answer


def main() -> None:
    """Write, kill, finish, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    began = time.monotonic()
    frames = list(np.random.default_rng(args.seed).integers(0, 256, (args.frames, SIDE, SIDE, 4), np.uint8))
    killed = 0
    with tempfile.TemporaryDirectory(prefix="killed-animation-") as folder:
        source = Path(folder) / "mods"
        write(source, frames)
        for _ in range(args.kills):
            child = start(source)
            time.sleep(rng.uniform(0.05, 1.5))
            os.kill(child, signal.SIGKILL)
            killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        ended = os.waitstatus_to_exitcode(os.waitpid(start(source), 0)[1])
        faults = compare(source, frames) + ([f"the last watcher ended with {ended}"] if ended else [])
        video_kills, more = of_video(Path(folder), frames, args.kills, rng)
        faults += more
    result = {
        "frames": args.frames,
        "kills": killed,
        "kills_with_a_video": video_kills,
        "seconds": round(time.monotonic() - began, 1),
        "faults": faults,
    }
    publish(result, args.out)
    sys.exit(bool(faults))


def write(source: Path, frames: list[np.ndarray]) -> None:
    """The animation as APNG and as WebP, all frames in one strip, and the animation in a zip."""
    source.mkdir()
    animation = Picture(tuple(frames), durations=(40.0,) * len(frames), mode="RGBA")
    for name in ("animation.png", "animation.webp"):
        (source / name).write_bytes(files.encode(animation, "WEBP" if name.endswith("webp") else "PNG"))
    (source / "strip.png").write_bytes(files.encode(Picture((np.concatenate(frames),), mode="RGBA"), "PNG"))
    with zipfile.ZipFile(source / "pack.zip", "w") as archive:
        archive.write(source / "animation.png", "animation.png")


def start(source: Path) -> int:
    """Start a watcher in a separate process, which ends with 0 once nothing is waiting; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        kill_points.keep(source)
        os._exit(0)
    finally:
        os._exit(1)


def of_video(folder: Path, frames: list[np.ndarray], kills: int, rng: random.Random) -> tuple[int | None, list[str]]:
    """Kills of `depixel upscale` on a video, and a sentence for each fault; None and nothing without PyAV."""
    if importlib.util.find_spec("av") is None:
        return None, []
    clip, out = folder / "clip.mkv", folder / "clip"
    write_video(clip, frames)
    options = ("--scale", str(SCALE), "--domain", "textures", "--wrap", "none", "--degradation", "area")
    weights = str(write_tiny_art(folder))
    words = [sys.executable, "-m", "depixel", "upscale", str(clip), "-o", str(out), *options, "--weights", weights]
    killed, before = 0, time.monotonic()
    ended = subprocess.run([*words, "--dry-run"], env=environment(), capture_output=True, check=False).returncode
    starting = time.monotonic() - before
    for _ in range(kills):
        process = subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.5, 2) * starting)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    ended = ended or subprocess.run(words, env=environment(), capture_output=True, check=False).returncode
    outputs = sorted(out.iterdir()) if out.exists() else []
    if ended or len(outputs) != 1:
        return killed, [f"the last upscale of the video ended with {ended} and left {[path.name for path in outputs]}"]
    picture = files.read(outputs[0])
    if len(picture.frames) != len(frames):
        return killed, [f"{outputs[0].name} has {len(picture.frames)} frames"]
    sides = (SIDE, SCALE, SIDE, SCALE, 3)
    means = [frame[..., :3].reshape(sides).mean((1, 3)) for frame in picture.frames]
    wrong = sum(np.abs(mean - frame[..., :3]).max() > 1 for mean, frame in zip(means, frames, strict=True))
    return killed, [f"{outputs[0].name}: {wrong} wrong frames"] if wrong else []


def write_video(path: Path, frames: list[np.ndarray]) -> None:
    """A lossless video of the frames, without alpha."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "bgr0"
        for pixels in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), "rgb24")))
        out.mux(stream.encode())


def compare(source: Path, frames: list[np.ndarray]) -> list[str]:
    """A sentence for each output in which a frame, at twice its size, is missing or out of place."""
    out = overlay_for(source)
    expected = [frame.repeat(2, 0).repeat(2, 1) for frame in frames]
    faults = []
    for name in ("animation.png", "animation.webp", "strip.png", "pack.zip"):
        try:
            data = (out / name).read_bytes()
            if name == "pack.zip":
                with zipfile.ZipFile(out / name) as archive:
                    data = archive.read("animation.png")
            picture = files.read_bytes(data, name)
        except Exception as error:  # noqa: BLE001 (any failure is a fault)
            faults.append(f"{name}: {type(error).__name__}: {error}")
            continue
        wanted = [np.concatenate(expected)] if name == "strip.png" else expected
        if len(picture.frames) != len(wanted):
            faults.append(f"{name} has {len(picture.frames)} frames")
        wrong = sum(
            not np.array_equal(picture.rgba(number), frame)
            for number, frame in enumerate(wanted[: len(picture.frames)])
        )
        if wrong:
            faults.append(f"{name}: {wrong} wrong frames")
    parts = [path.name for path in out.rglob("*") if path.name.endswith(".part")]
    return faults + [f"{name} was left over" for name in parts]


if __name__ == "__main__":
    main()
