"""Says what a base holds (base.json), and makes the programs that link projects."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from .base_folder import SCHEMA, Torch, common_folder, find_python, find_torches, order_of, read_cuda
from .distributions import read_site
from .files import lock, remove, told, write_file
from .refusal import Refusal

PROGRAM = "uv_init_torch"

#: Where a base stands in an image, and where programs are found there.
IN_IMAGE = Path("/opt/ddiff")
ON_PATH = Path("/usr/local/bin")


def finish(root: Path, programs: Path | None) -> dict[str, Any]:
    """Writes base.json and bin/uv_init_torch*, and links to the latter in the folder `programs`; in an image in /usr/local/bin."""
    if programs is None and root == IN_IMAGE:
        programs = ON_PATH
    pythons = {folder.name[len("python") :]: find_python(folder.name[len("python") :]) for folder in root.glob("python[0-9]*") if folder.is_dir()}
    if not pythons:
        raise Refusal("BASE_EMPTY", f"nothing is installed in {root}", "`base.py torch VERSION --python 3.10` installs a torch.")
    torches = find_torches(root, pythons)
    told_of = describe(root, pythons, torches)
    with told(f"writing into {root}"), lock(root):
        write_file(root / "base.json", (json.dumps(told_of, indent=2) + "\n").encode())
        make_programs(root, pythons[max(pythons, key=order_of)], torches, programs)
    return told_of


def describe(root: Path, pythons: dict[str, str], torches: list[Torch]) -> dict[str, Any]:
    """What base.json says."""
    return {
        "schema": SCHEMA,
        "pythons": [
            {
                "version": python,
                "executable": pythons[python],
                "common": [{"name": one.name, "version": one.version} for one in read_site(common_folder(root, python)).values()],
                "torch": [describe_torch(root, torch) for torch in torches if torch.python == python],
            }
            for python in sorted(pythons, key=order_of)
        ],
    }


def describe_torch(root: Path, torch: Torch) -> dict[str, Any]:
    return {
        "version": torch.version,
        "cuda": read_cuda(torch.site),
        "folder": str(torch.site.relative_to(root)),
        "packages": [
            {"name": one.name, "version": one.version, "shared": (one.info / "METADATA").is_symlink()} for one in read_site(torch.site).values()
        ],
    }


def make_programs(root: Path, executable: str, torches: list[Torch], programs: Path | None) -> None:
    """bin/uv_init_torch takes a version, bin/uv_init_torch2.5.1 and the like know theirs. Those of torches that are gone go."""
    wanted = {PROGRAM: ""}
    wanted.update({f"{PROGRAM}{torch.name}": torch.name for torch in torches})
    for folder in filter(None, [root / "bin", programs]):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{PROGRAM}*"):
            if old.name not in wanted and (folder == root / "bin" or old.is_symlink()):
                remove(old)
    for name, version in wanted.items():
        write_file(root / "bin" / name, launcher(executable, version), 0o755)
        if programs is not None:
            remove(programs / name)
            (programs / name).symlink_to(root / "bin" / name)


def launcher(executable: str, version: str) -> bytes:
    """A program of the shell that finds base.py beside itself, also behind links and in a folder that was moved."""
    lines = [
        "#!/bin/sh",
        "# Links the project in this folder to a torch of the base. Made by `base.py finish`.",
        f"python={shlex.quote(executable)}",
        '[ -x "$python" ] || python=python3',
        'exec "$python" "$(dirname -- "$(readlink -f -- "$0")")/base.py" link ' + (f'{shlex.quote(version)} "$@"' if version else '"$@"'),
    ]
    return ("\n".join(lines) + "\n").encode()
