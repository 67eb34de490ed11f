"""Everything that a linked project's .venv has beyond an empty one, as data: what goes where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Union
from urllib.parse import quote

from .base_folder import Torch
from .distributions import Distribution, key_of
from .files import is_inside
from .project import Project
from .standins import EVERYWHERE, GUARD, StandIn, fixed_keys, index_page

#: Where this program keeps what is its own, in .venv.
OWN = "ddiff"

NAMESPACE = b"""# NVIDIA's packages of the base and those of this project are one package to Python.
__path__ = __import__("pkgutil").extend_path(__path__, __name__)
"""


@dataclass(frozen=True)
class Made:
    """A file to write."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Linked:
    """A link to something in the base."""

    target: str


Entry = Union[Made, Linked]


@dataclass
class View:
    """A project's view of the base. `entries` are relative to .venv; the stand-ins' versions are by key."""

    entries: dict[str, Entry]
    versions: dict[str, str]
    fixed: dict[str, str]
    """The fixed packages' versions."""
    guards: list[str]
    """Where no package may be installed, relative to site-packages."""


def site_folder(python: str) -> str:
    """site-packages, relative to .venv."""
    return f"lib/python{python}/site-packages"


def make_view(torch: Torch, project: Project, venv: Path, installed: set[str]) -> View:
    """What a project sees of a torch. Packages that it has `installed` itself get no stand-in, unless they are fixed."""
    known = torch.distributions()
    fixed = fixed_keys(known)
    pins = {key: project.locked_version(known[key]) for key in fixed}
    site = site_folder(torch.python)
    entries: dict[str, Entry] = {}
    versions: dict[str, str] = {}
    index: list[StandIn] = []
    for key, one in known.items():
        if key in installed and key not in fixed:
            continue
        version = pins.get(key, one.version)
        standin = StandIn(one.name, version, one.metadata(version, pins), one.text("entry_points.txt") or "", key in fixed, one.tags)
        outside = outside_files(one, venv)
        entries.update(outside)
        rows = [os.path.relpath(path, site) for path in outside]
        entries.update({f"{site}/{path}": Made(data) for path, data in standin.installed(rows).items()})
        versions[key] = version
        if key in fixed:
            index.append(standin)
    for key, version in project.locked_libraries(known).items():
        metadata = f"Metadata-Version: 2.1\nName: {key}\nVersion: {version}\n".encode()
        standin = StandIn(key, version, metadata, "", True, EVERYWHERE)
        entries.update({f"{site}/{path}": Made(data) for path, data in standin.installed([]).items()})
        versions[key] = pins[key] = version
        index.append(standin)
    guards = sorted(package for key in fixed for package in known[key].packages)
    entries.update({f"{site}/{guard}": Made(GUARD.encode()) for guard in guards})
    if any(guard.startswith("nvidia/") for guard in guards):
        entries[f"{site}/nvidia/__init__.py"] = Made(NAMESPACE)
    entries.update({f"{site}/{name}": Made(data) for name, data in path_files(torch).items()})
    entries.update(index_files(index, torch))
    entries.update(pip_files(pins, venv))
    return View(entries, versions, pins, guards)


def path_files(torch: Torch) -> dict[str, bytes]:
    """The .pth files: plain lines, which editors read as well, and what the base's packages have in .pth files of their own.

    Python reads them in the order of their names, and those of packages need the plain lines.
    """
    folders = [torch.site, torch.common]
    files = {"ddiff.pth": "".join(f"{folder}\n" for folder in folders).encode()}
    for folder in reversed(folders):
        for path in sorted(folder.glob("*.pth")):
            lines = path.read_text("utf-8", "replace").splitlines()
            files[f"ddiff_{path.name}"] = "".join(f"{absolute_line(line, folder)}\n" for line in lines).encode()
    return files


def absolute_line(line: str, folder: Path) -> str:
    is_code = line.startswith(("import ", "import\t", "#")) or not line.strip()
    return line if is_code else os.path.normpath(folder / line.strip())


def outside_files(one: Distribution, venv: Path) -> dict[str, Entry]:
    """Programs and data of a package that must stand in .venv itself: bin/jupyter, share/jupyter, etc/jupyter."""
    found: dict[str, Entry] = {}
    python = venv / "bin" / "python"
    for name, target in one.programs.items():
        found[f"bin/{name}"] = Made(script(python, target), 0o755)
    for file in filter(is_inside, one.files):
        parts = file.split("/")
        if parts[0] == "bin" and len(parts) == 2 and file not in found:
            found[file] = program_of(one.site / file, python)
        elif parts[0] in ("share", "etc"):
            place = "/".join(parts[: own_depth(parts)])
            found[place] = Linked(str(one.site / place))
    return found


def own_depth(parts: list[str]) -> int:
    """How deep the folder is that is one package's own: share/jupyter/lab/static, but share/jupyter/labextensions/@jupyter-widgets/base.

    It is linked as a whole; the folders above stay real ones, so that what is installed later is written into .venv.
    """
    return 5 if len(parts) > 4 and parts[3].startswith("@") else 4


def script(python: Path, target: str) -> bytes:
    """A console program, as installers make them."""
    module, _, function = target.partition(":")
    name = function.split(".")[0]
    lines = [f"import sys\nfrom {module} import {name}" if name else f"import sys\nimport {module}"]
    lines.append('if __name__ == "__main__":')
    lines.append(f"    sys.exit({function}())" if function else "    sys.exit()")
    return shebang(python) + ("\n".join(lines) + "\n").encode()


def shebang(python: Path) -> bytes:
    """The first line of a program, by way of the shell where the kernel could not read it: there the Python beside the program is meant."""
    plain = f"#!{python}\n".encode()
    if len(plain) <= 127 and len(plain.split()) == 1:
        return plain
    return b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
"""


def program_of(path: Path, python: Path) -> Entry:
    """A program that a package brings as a file: Python's get this .venv's Python, others are links."""
    try:
        with path.open("rb") as stream:
            start = stream.read(256).split(b"\n", 1)[0]
            if not (start.startswith(b"#!") and b"python" in start):
                return Linked(str(path))
            stream.seek(0)
            text = stream.read()
    except OSError:
        return Linked(str(path))
    return Made(shebang(python) + text.split(b"\n", 1)[1], 0o755)


def index_files(standins: list[StandIn], torch: Torch) -> dict[str, Entry]:
    """The index of the fixed packages. torch's wheel brings the base's folder onto the path of the environment that it is installed into:
    extensions that are compiled in an environment of their own find torch there."""
    files: dict[str, Entry] = {}
    for one in standins:
        more = {"ddiff-torch.pth": f"{torch.site}\n".encode()} if one.name == "torch" else {}
        wheels = one.wheels(more)
        files[f"{OWN}/index/{key_of(one.name)}/index.html"] = Made(index_page(wheels))
        files.update({f"{OWN}/wheels/{name}": Made(data) for name, data in wheels.items()})
    return files


def pip_files(pins: dict[str, str], venv: Path) -> dict[str, Entry]:
    """pip reads pip.conf of the environment that it runs in. Its lists are divided at spaces, so both are URLs."""
    own = venv / OWN
    conf = [
        "# Made by `ddiff link`: the torch of the base, and no other.",
        "[global]",
        f"constraint = {url_of(own / 'constraints.txt')}",
        f"find-links = {url_of(own / 'wheels')}",
    ]
    constraints = [f"{key}=={version}\n" for key, version in sorted(pins.items())]
    return {
        "pip.conf": Made(("\n".join(conf) + "\n").encode()),
        f"{OWN}/constraints.txt": Made("".join(constraints).encode()),
    }


def url_of(path: Path) -> str:
    return f"file://{quote(str(path))}"
