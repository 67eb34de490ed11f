"""A project's .venv on disk: what it is, how it is made, what the user has installed in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from .base_folder import Torch
from .distributions import Distribution, read_site
from .files import is_inside, link_above, read_text, remove, write_file
from .refusal import Refusal
from .standins import INSTALLER
from .view import OWN, Made, View, site_folder

STATE = f"{OWN}/link.json"
SCHEMA = 1


@dataclass
class State:
    """What link.json in .venv says."""

    base: str
    python: str
    torch: str
    project: str
    versions: dict[str, str]
    fixed: dict[str, str]
    guards: list[str]
    files: list[str]
    is_whole: bool
    """False while files are being changed: a run that was killed leaves it so."""
    schema: int = SCHEMA

    def check(self) -> None:
        """Raises ValueError where something is not what this program writes: it may have come with somebody's project."""
        by_name = [self.versions, self.fixed]
        texts = [self.base, self.python, self.torch, self.project, *self.guards, *self.files, *(text for one in by_name for text in one.values())]
        if self.schema != SCHEMA or not all(isinstance(text, str) for text in texts):
            raise ValueError("it is of another form")
        if not re.fullmatch(r"3\.\d{1,2}", self.python):
            raise ValueError(f"there is no Python {self.python}")
        outside = next((place for place in [*self.guards, *self.files] if not is_inside(place)), None)
        if outside is not None:
            raise ValueError(f"{outside!r} leads out of .venv")


def read_state(venv: Path) -> State | None:
    """What a .venv says of its link; None where it has none. A link to another folder is never ours."""
    if venv.is_symlink() or (venv / OWN).is_symlink():
        return None
    text = read_text(venv / STATE)
    if text is None:
        return None
    try:
        state = State(**json.loads(text))
        state.check()
        return state
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("LINK_BROKEN", f"{venv / STATE} cannot be read: {error}", "Remove .venv, and link again.") from None


def write_state(venv: Path, state: State) -> None:
    write_file(venv / STATE, (json.dumps(asdict(state), indent=1) + "\n").encode())


def make_empty(torch: Torch, aside: Path, venv: Path) -> None:
    """Makes an environment with nothing in it, which will stand at `venv`."""
    words = ["-I", "-m", "venv", "--without-pip", "--symlinks", f"--prompt={venv.parent.name or 'project'}", str(aside)]
    done = subprocess.run([torch.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Refusal("NOT_WRITTEN", f"{torch.executable} -m venv failed: {done.stdout.strip()}")
    for path in [aside / "pyvenv.cfg", *(aside / "bin").glob("[aA]ctivate*")]:
        path.write_text(path.read_text("utf-8").replace(str(aside), str(venv)), "utf-8")
    # As uv does: an environment is nothing for version control.
    (aside / ".gitignore").write_text("*\n", "utf-8")


def write_view(view: View, aside: Path) -> None:
    """Writes files into a folder that nobody sees yet."""
    for place, entry in view.entries.items():
        if not is_inside(place):
            raise Refusal("BASE_BROKEN", f"{place!r}, which a package of the base names, leads out of .venv")
        path = aside / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(entry, Made):
            path.write_bytes(entry.data)
            path.chmod(entry.mode)
        else:
            path.symlink_to(entry.target)


def own_packages(venv: Path, python: str) -> dict[str, Distribution]:
    """What was installed into a .venv by others than this program, by key."""
    found = read_site(venv / site_folder(python))
    return {key: one for key, one in found.items() if one.installer != INSTALLER}


def own_distributions(venv: Path, python: str) -> list[Distribution]:
    """The same as a list: uv leaves two of one name where an installation failed."""
    site = venv / site_folder(python)
    found = [Distribution(site, info) for info in sorted(site.glob("*.dist-info"))]
    return [one for one in found if one.installer != INSTALLER]


def is_real(one: Distribution) -> bool:
    """Whether a package's folders are there, and not guards in their place."""
    return any((one.site / package).is_dir() and any((one.site / package).iterdir()) for package in one.packages)


def remove_package(one: Distribution, venv: Path) -> None:
    """Removes a package's files as RECORD names them, and nothing outside .venv, whatever RECORD says."""
    for file in one.files:
        path = Path(os.path.normpath(one.site / file))
        if venv in path.parents and link_above(path, venv) is None and (path.is_symlink() or path.is_file()):
            path.unlink()
    for package in one.packages:
        path = one.site / package
        if link_above(path, venv) is None and path.is_dir():
            remove(path)
    remove(one.info)


def prune(folders: list[Path], venv: Path) -> None:
    """Removes folders that became empty, and those above them up to .venv."""
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        while folder != venv and folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


def disk_usage(folder: Path) -> int:
    """Bytes on disk below a folder, without what its links lead to; a file with several names counts once."""
    seen = set()
    total = 0
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files, "."]:
            status = os.lstat(os.path.join(place, name))
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    return total
