"""
Two users of one machine: neither can read, change or imitate what the other one starts and creates.

    sudo python benchmarks/two_users.py [--out FILE.json]

Creates two users with `useradd` and removes them at the end. The owner's engine runs with a small random network; the
other user tries to read its records, to take its locks, to use its port, its page and its connections, to take its port
when it is killed, and to prepare folders for it. Needs root and Linux. Each line of the result is a claim and whether
it held. If the users cannot run this Python, for example because it is in root's home, --python names another one of
the same version.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import http.server
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

from result_file import publish

from depixel import client

ROOT = Path(__file__).resolve().parents[1]
PATHS = [path for path in sys.path if path.startswith(str(ROOT)) or path.endswith("site-packages")]
OWNER, OTHER = "depixel-owner", "depixel-other"
IDLE_CONNECTIONS = 600
PATIENCE = 120.0  # seconds


def main() -> None:
    """All claims; or one part of them as one of the users."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--python", default=sys.executable, help="for the two users (default: this one)")
    parser.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("values", nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        print(json.dumps(PARTS[args.part](*args.values)))
        return
    if os.geteuid() or sys.platform != "linux":
        sys.exit("Two users can only be made by root, on Linux.")
    globals()["python"] = args.python
    with tempfile.TemporaryDirectory(prefix="two-users-") as folder, users(Path(folder)):
        claims = held(Path(folder))
    publish({"claims": claims}, args.out)
    sys.exit(not all(claims.values()))


@contextlib.contextmanager
def users(folder: Path) -> Iterator[None]:
    """Two new users with homes in the folder."""
    folder.chmod(0o755)
    try:
        for name in (OWNER, OTHER):
            home = folder / name
            subprocess.run(["useradd", "--no-create-home", "--home-dir", home, "--shell", "/bin/sh", name], check=True)
            home.mkdir(mode=0o755)  # as on many systems: private files must be protected individually
            about = pwd.getpwnam(name)
            os.chown(home, about.pw_uid, about.pw_gid)
        yield
    finally:
        for name in (OWNER, OTHER):
            subprocess.run(["userdel", name], check=False, stderr=subprocess.DEVNULL)


python = sys.executable  # that the two users run


def as_user(name: str, part: str, *values: object, **more: str) -> subprocess.Popen[str]:
    """Run a part of this script as that user, with a plain environment."""
    about = pwd.getpwnam(name)
    environment = {
        "HOME": about.pw_dir, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(PATHS),
        "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", **more,
    }  # fmt: skip
    return subprocess.Popen(
        [python, __file__, "--part", part, "--", *map(str, values)], env=environment, cwd="/", text=True, umask=0o022,
        stdout=subprocess.PIPE, user=about.pw_uid, group=about.pw_gid, extra_groups=[],
    )  # fmt: skip


def answer(process: subprocess.Popen[str]) -> Any:
    """The output of a part."""
    output, _ = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise RuntimeError(f"a part ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def held(folder: Path) -> dict[str, bool]:
    """Claim => whether it held."""
    claims: dict[str, bool] = {}
    about = answer(as_user(OWNER, "start", folder / OWNER))
    record = Path(about["folder"], "running.json")
    values = json.loads(record.read_text())
    command = Path(f"/proc/{values['pid']}/cmdline").read_bytes()
    claims["the token is in no command line"] = values["token"].encode() not in command
    claims |= answer(as_user(OTHER, "spy", about["folder"], values["port"], values["pid"], about["key"]))
    idle = as_user(OTHER, "idle", values["port"])
    time.sleep(3)
    began = time.monotonic()
    claims["idle connections of the other keep nobody out"] = answer(as_user(OWNER, "ask")) == "right"
    claims["... and the owner waits less than 30 s"] = time.monotonic() - began < 30
    idle.kill()
    idle.wait()
    os.kill(values["pid"], signal.SIGKILL)
    while Path(f"/proc/{values['pid']}").exists():
        time.sleep(0.05)
    impostor = as_user(OTHER, "impostor", values["port"])
    time.sleep(2)
    claims["after a kill, a new engine answers the owner"] = answer(as_user(OWNER, "ask")) == "right"
    reply = answer(impostor)
    claims["the impostor on the old port was asked for a proof"] = bool(reply)
    claims["... and was told nothing else"] = all(line == "GET /proof HTTP/1.1 None 0" for line in reply)
    theirs, open_folder = folder / "theirs", folder / "open"
    for path, user in ((theirs, OTHER), (open_folder, OWNER)):
        path.mkdir()
        about_user = pwd.getpwnam(user)
        os.chown(path, about_user.pw_uid, about_user.pw_gid)
    open_folder.chmod(0o777)
    for path, word in ((theirs, "of the other"), (open_folder, "that is open to others")):
        refused = answer(as_user(OWNER, "ask", DEPIXEL_RUNTIME_DIR=str(path)))
        claims[f"a runtime folder {word} is refused with a sentence"] = str(path) in refused and refused != "right"
        claims[f"... and stays empty ({path.name})"] = not list(path.iterdir())
    answer(as_user(OWNER, "stop"))
    claims |= shared_folder(folder)
    return claims


def shared_folder(folder: Path) -> dict[str, bool]:
    """A mod folder that both may write to."""
    shared, precious = folder / "shared", folder / OWNER / "precious"
    (shared / "mods").mkdir(parents=True)
    for path in (shared, shared / "mods"):
        path.chmod(0o777)
    shutil.copyfile(ROOT / "samples/sprites/dragon.png", shared / "mods/dragon.png")
    precious.write_text("mine")
    claims = {"the owner's watcher makes its outputs": answer(as_user(OWNER, "watch", shared / "mods")) == 0}
    out = shared / "mods-depixel"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    claims["the other's watcher does not write to them"] = answer(as_user(OTHER, "watch", shared / "mods")) != 0
    claims |= answer(as_user(OTHER, "spoil", out))
    claims["the owner's outputs are as they were"] = before == {path.name: path.read_bytes() for path in out.iterdir()}
    for number, name in enumerate((".depixel-ledger.sqlite", ".depixel-lock.sqlite", "depixel-watch.log")):
        trap = shared / f"trap{number}"
        answer(as_user(OTHER, "trap", trap, name, precious))
        answer(as_user(OWNER, "watch", shared / "mods", "-o", trap))
        claims[f"a link {name} leads nowhere"] = precious.read_text() == "mine"
    return claims


def start(home: str) -> dict[str, str]:
    """The owner: an engine, used once, and a key of its page."""
    from tiny_art import write_tiny_art

    place = client.Place()
    place.make()
    launcher = Path(home, "launch.py")
    launcher.write_text(
        "import sys, runpy\n"
        f"sys.argv = ['depixel', *sys.argv[1:], '--weights', 'art={write_tiny_art(Path(home))}']\n"
        "runpy.run_module('depixel', run_name='__main__')\n"
    )
    environment = (("PYTHONPATH", os.pathsep.join(PATHS)), ("OMP_NUM_THREADS", "1"))
    place.write_installed(client.Installed((sys.executable, str(launcher)), environment, "two users"))
    assert ask() == "right"
    return {"folder": place.folder, "key": client.Engine("owner").page_key()[1]}


def ask() -> str:
    """The owner: a picture, answered by the engine of the recorded place; "right", or the error sentence."""
    pixels = bytes(range(48))
    submission = client.Submission(client.Pixels(4, 4, 3, (pixels,)), {"scale": 2, "domain": "art"})
    try:
        result = client.Engine("owner").upscale(submission).result()
    except client.EngineError as error:
        return str(error)
    return "right" if result.answers[0].width == 8 else "wrong"


def stop() -> bool:
    """The owner: stop the engine."""
    return client.Engine("owner").stop()


def spy(folder: str, port: str, pid: str, key: str) -> dict[str, bool]:
    """The other user: tries to read, lock and connect, and knows a key of the owner's page."""
    names = ("running.json", "installed.json", "page.json", "engine.log", "engine.lock", "start.lock")
    claims = {
        "the other cannot list the runtime folder": _fails(lambda: list(Path(folder).iterdir())),
        "the other cannot write into it": _fails(lambda: Path(folder, "x").write_text("x")),
        "the other cannot signal the engine": _fails(lambda: os.kill(int(pid), 0)),
        "the other cannot read its environment": _fails(lambda: Path(f"/proc/{pid}/environ").read_bytes()),
    }
    for name in names:
        claims[f"the other cannot read {name}"] = _fails(lambda name=name: Path(folder, name).read_bytes())  # type: ignore[misc]
    for method, path in (("GET", "/hello"), ("POST", "/jobs"), ("POST", "/page/keys"), ("POST", "/shutdown")):
        claims[f"{method} {path} of the other is refused"] = _status(int(port), method, path) == 401
    used = _status(int(port), "POST", "/page/session", json.dumps({"key": key}))
    claims["a key of the owner's page opens nothing for the other"] = used == 403
    mine = client.Place()
    claims["the other has a runtime folder of its own"] = mine.folder != folder
    return claims


def _fails(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return True
    return False


def _status(port: int, method: str, path: str, body: str | None = None) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        line.request(method, path, body)
        return line.getresponse().status


def idle(port: str) -> None:
    """The other user: silent connections, repeatedly, until killed."""
    lines: list[socket.socket] = []
    while True:
        with contextlib.suppress(OSError):
            lines.append(socket.create_connection(("127.0.0.1", int(port)), timeout=5))
        if len(lines) > IDLE_CONNECTIONS:
            lines.pop(0).close()
        time.sleep(0.002)


class Impostor(http.server.BaseHTTPRequestHandler):
    """Answers everything, and records what it receives."""

    protocol_version = "HTTP/1.1"
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer like an engine that is ready."""
        length = int(self.headers.get("Content-Length") or 0)
        self.heard.append(f"{self.requestline} {self.headers.get('Authorization')} {length}")
        body = json.dumps({"protocol": client.PROTOCOL, "pid": 1, "ready": True, "proof": "0" * 64}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def impostor(port: str) -> list[str]:
    """The other user: listens on the port of the killed engine for some seconds; returns what it received."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Impostor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(25)
    return Impostor.heard


def watch(*words: str) -> int:
    """Either user: one pass of the watcher with a nearest-neighbour worker; its exit code."""
    from nearest_worker import NearestWorker

    from depixel import cli
    from depixel_watch import loop

    worker = NearestWorker()
    worker.device = "cpu"  # type: ignore[attr-defined]
    vars(loop).update(EngineUpscaler=lambda *_, **__: worker, open_engine=lambda _: None)
    with contextlib.redirect_stdout(sys.stderr):
        return cli.main(["watch", *words, "--once", "--quiet-period", "0"])


def spoil(out: str) -> dict[str, bool]:
    """The other user: tries to change the owner's outputs and ledger."""
    claims = {"the other cannot add to the owner's outputs": _fails(lambda: Path(out, "x.png").write_bytes(b"x"))}
    for path in sorted(Path(out).iterdir()):
        for what, action in (("write", lambda path=path: path.open("r+b").close()), ("delete", path.unlink)):
            claims[f"the other cannot {what} {path.name}"] = _fails(action)
    return claims


def trap(folder: str, name: str, precious: str) -> bool:
    """The other user: a folder open to all, with a link in place of one of the watcher's files."""
    Path(folder).mkdir()
    Path(folder).chmod(0o777)
    Path(folder, name).symlink_to(precious)
    return True


PARTS: dict[str, Callable[..., Any]] = {
    part.__name__: part for part in (start, ask, stop, spy, idle, impostor, watch, spoil, trap)
}

if __name__ == "__main__":
    main()
