"""Everything there is to check about this package, as CI runs it.

    CHARGLY_BIN=path/to/chargly python check.py [--python python3.9 …]

Lints and types the sources, builds sdist and wheel, installs the wheel into a fresh environment, and runs the tests
from there: against a live server where CHARGLY_BIN names one, or where the repository's own was built under `target`.
With `--python` the tests run once more with each interpreter named. What is made stays in `.check` and `dist`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional

HERE = Path(__file__).resolve().parent
WORK = HERE / ".check"
DIST = HERE / "dist"
REPOSITORY = HERE.parent.parent

# What a strict type checker sees of the installed package: `py.typed` is there, and results have their types.
CONSUMER = """
from decimal import Decimal
from typing import Union

from chargly import AsyncChargly, Chargly, MeterResult, meter_event

result: MeterResult = meter_event("image.generate", "user_42")
credits: Union[int, Decimal] = Chargly("k").meter_event("image.generate", "user_42").deducted_credits


async def main() -> Union[int, Decimal]:
    async with AsyncChargly("k") as client, client.hold("agent.run", "user_42") as hold:
        return (await hold.capture(credits="1.5")).remaining_balance


meter_event("image.generate")  # type: ignore[call-arg]
meter_event("image.generate", 42)  # type: ignore[arg-type]
Chargly("k").grant("user_42", 1.5)  # type: ignore[arg-type]
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", action="append", default=[], help="run the tests with this interpreter, too")
    others: List[str] = parser.parse_args().python
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.rmtree(DIST, ignore_errors=True)
    environment = dict(os.environ)
    server = find_server()
    if server is not None:
        environment["CHARGLY_BIN"] = server

    tools = environment_of("tools", sys.executable)
    run("install the tools", [tools, "-m", "pip", "install", "-q", "-r", "requirements-dev.txt"])
    run("format", [tools, "-m", "ruff", "format", "--check", "."])
    run("lint", [tools, "-m", "ruff", "check", "."])
    run("types", [tools, "-m", "mypy"])
    run("build", [tools, "-m", "build", "--no-isolation", "--outdir", str(DIST)])
    wheel = str(next(DIST.glob("*.whl")))

    for number, python in enumerate([sys.executable, *others]):
        installed = environment_of(f"installed_{number}", python)
        pinned = ["-c", "requirements-dev.txt"]
        run(
            "install the wheel", [installed, "-m", "pip", "install", "-q", *pinned, wheel, "pytest", "standardwebhooks"]
        )
        where = subprocess.run(
            [installed, "-c", "import chargly; print(chargly.__file__)"], check=True, capture_output=True, text=True
        ).stdout.strip()
        if not Path(where).is_relative_to(WORK):
            raise SystemExit(f"the tests would not run the installed package but {where}")
        if number == 0:
            consumer = WORK / "consumer.py"
            consumer.write_text(CONSUMER)
            # From a folder without our settings, as whoever installs the package does it.
            run(
                "types of the installed package",
                [tools, "-m", "mypy", "--strict", "--python-executable", installed, str(consumer)],
                folder=WORK,
            )
        run(f"test with {python}", [installed, "-m", "pytest", "-q"], environment)
    if server is None:
        print("\nThere was no server: set CHARGLY_BIN. What needs one was skipped.")
    print(f"\nAll is well: {wheel}")
    return 0


def find_server() -> Optional[str]:
    named = os.environ.get("CHARGLY_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise SystemExit(f"CHARGLY_BIN is {named}, which cannot be run")
        return str(Path(named).resolve())
    built = [REPOSITORY / "target" / profile / "chargly" for profile in ("release", "debug")]
    return next((str(path) for path in built if os.access(path, os.X_OK)), None)


def environment_of(name: str, python: str) -> str:
    """A fresh virtual environment; answers its interpreter."""
    folder = WORK / name
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def run(what: str, command: List[str], environment: Optional[Dict[str, str]] = None, folder: Path = HERE) -> None:
    print(f"\n== {what}", flush=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"failed: {what}")
    print(f"   {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
