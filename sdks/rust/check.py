"""Everything there is to check about this crate, as CI runs it.

    CHARGLY_BIN=path/to/chargly python3 check.py [--only NAME]

Formats, lints and documents the sources, packs the crate, and goes on with what was packed: its own tests and documented
examples, and a project beside it that depends on it as whoever installs it would. There the tests against a live server
run, and the code of the README and the guides, each page against a new server. What is made stays in `.check` and
`target`. `--only` runs only the tests of the live server whose name has this.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Dict, List, Optional

HERE = Path(__file__).resolve().parent
WORK = HERE / ".check"
REPOSITORY = HERE.parent.parent
GUIDES = REPOSITORY / "docs" / "guides"
# Pages for all SDKs have their code in each language.
SHARED = ["idempotency-and-retries", "metering", "event-names", "sdk-or-mcp"]
PAGES = [HERE / "README.md", *(GUIDES / f"{name}.md" for name in ["rust", *SHARED])]

CONSUMER = """[package]
name = "consumer"
edition = "2024"
publish = false

[workspace]

[dependencies]
chargly-client = {{ path = {package} }}
reqwest = {{ version = "0.12.28", default-features = false }}
serde_json = "1"
tokio = {{ version = "1", features = ["io-util", "macros", "net", "rt-multi-thread", "time"] }}
"""

PAGE = """//! The code of {name}.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
{body}
    Ok(())
}}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="only the tests of the live server whose name has this")
    only: str = parser.parse_args().only
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    server = find_server()
    one_version_one_licence()
    cargo("format", ["fmt", "--check"])
    cargo("lint", ["clippy", "--locked", "--all-targets", "--", "-D", "warnings"])
    cargo("without TLS", ["check", "--locked", "--no-default-features"])
    cargo("documentation", ["doc", "--locked", "--no-deps"], {"RUSTDOCFLAGS": "-D warnings"})
    package = packed()
    consumer = project(package)
    environment = {} if server is None else {"CHARGLY_BIN": server}
    cargo("tests beside the code", ["test", "--lib"], folder=package)
    cargo("documented examples", ["test", "--doc"], folder=package)
    cargo("test from a project that depends on it", ["test", "--test", "it", *only.split()], environment, consumer)
    if server is None:
        print("\nThere was no server: set CHARGLY_BIN. What needs one was skipped.")
        return 0
    cargo("build the code of the pages", ["build", "--bins"], folder=consumer)
    for page in PAGES:
        run_page(page, server)
    print(f"\n{len(PAGES)} passed, 0 failed: pages whose code does what they say")
    return 0


def find_server() -> Optional[str]:
    named = os.environ.get("CHARGLY_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise SystemExit(f"CHARGLY_BIN is {named}, which cannot be run")
        return str(Path(named).resolve())
    built = [REPOSITORY / "target" / profile / "chargly" for profile in ("release", "debug")]
    return next((str(path) for path in built if os.access(path, os.X_OK)), None)


def one_version_one_licence() -> None:
    newest = re.search(r"^## (\S+)", (HERE / "CHANGELOG.md").read_text(), re.MULTILINE)
    if newest is None or newest.group(1) != version():
        raise SystemExit("the newest version in CHANGELOG.md is not that of Cargo.toml")
    if (HERE / "LICENSE").read_text() != (REPOSITORY / "LICENSE").read_text():
        raise SystemExit("LICENSE is not that of the project")


def version() -> str:
    found = re.search(r'^version = "(.*)"$', (HERE / "Cargo.toml").read_text(), re.MULTILINE)
    assert found is not None
    return found.group(1)


def packed() -> Path:
    """The crate as it would be published, unpacked."""
    cargo("pack", ["package", "--locked", "--allow-dirty", "--no-verify"])
    name = f"chargly-client-{version()}"
    with tarfile.open(HERE / "target" / "package" / f"{name}.crate") as archive:
        archive.extractall(WORK)
    package = WORK / name
    # Here it lies inside of other workspaces, where nobody has it.
    manifest = package / "Cargo.toml"
    if "[workspace]" not in manifest.read_text():
        manifest.write_text(manifest.read_text() + "\n[workspace]\n")
    return package


def project(package: Path) -> Path:
    consumer = WORK / "consumer"
    (consumer / "src" / "bin").mkdir(parents=True)
    (consumer / "Cargo.toml").write_text(CONSUMER.format(package=json.dumps(str(package))))
    # The versions that are locked here, so that nothing new is looked up.
    shutil.copy(HERE / "Cargo.lock", consumer / "Cargo.lock")
    shutil.copytree(package / "tests", consumer / "tests")
    for page in PAGES:
        (consumer / "src" / "bin" / f"{binary_of(page)}.rs").write_text(code_of(page))
    return consumer


# Pages


def binary_of(page: Path) -> str:
    return f"page_{page.stem.lower().replace('-', '_')}"


def blocks(page: Path) -> List[str]:
    return re.findall(r"^```rust\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def code_of(page: Path) -> str:
    found = blocks(page)
    if not found:
        raise SystemExit(f"{page.name} has no Rust in it")
    return PAGE.format(name=page.name, body="\n".join(found))


def run_page(page: Path, server: str) -> None:
    """What is printed is what the comment beside it says."""
    promised = re.findall(r"^ *println!\(.*\); // (.*)$", "\n".join(blocks(page)), re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix="chargly-page-") as folder:
        data = Path(folder) / "data"
        made = subprocess.run([server, "init", "--json", "--data", str(data)], check=True, capture_output=True)
        key = json.loads(made.stdout)["keys"]["test"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"127.0.0.1:{free.getsockname()[1]}"
        with open(Path(folder) / "log", "wb") as log:
            arguments = [server, "serve", "--data", str(data), "--listen", url]
            process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            wait_for(f"http://{url}/readyz", process)
            environment = {**os.environ, "CHARGLY_SECRET_KEY": key, "CHARGLY_BASE_URL": f"http://{url}"}
            binary = HERE / "target" / "debug" / binary_of(page)
            ran = subprocess.run([str(binary)], env=environment, capture_output=True, text=True, timeout=300)
        finally:
            process.kill()
            process.wait()
    if ran.returncode != 0:
        raise SystemExit(f"the code of {page.name} failed: {ran.stderr}")
    if ran.stdout.splitlines() != promised:
        raise SystemExit(f"{page.name} promises {promised} and prints {ran.stdout.splitlines()}")
    print(f"{page.name}: {len(promised)} lines are printed as it says")


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + 120
    while time.monotonic() < ends and process.poll() is None:
        try:
            direct.open(url, timeout=10).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit("the server did not start")


def cargo(what: str, command: List[str], more: Optional[Dict[str, str]] = None, folder: Path = HERE) -> None:
    print(f"\n== {what}", flush=True)
    began = time.monotonic()
    environment = {**os.environ, **(more or {})}
    # Everything is built in one place, so that dependencies are built once.
    environment["CARGO_TARGET_DIR"] = str(HERE / "target")
    if subprocess.run(["cargo", *command], cwd=folder, env=environment).returncode != 0:
        raise SystemExit(f"failed: {what}")
    print(f"   {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
