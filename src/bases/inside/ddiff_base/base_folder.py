"""The folder of a base: where everything lies, and what base.json says.

base.json                         what the base holds
bin/base.py, bin/ddiff_base/      this program
bin/uv_init_torch, ...            links a project to one version of torch
wheels/NAME-VERSION/              a wheel that several versions of torch use, unpacked once
python3.10/common/                packages for every project
python3.10/torch2.5.1/            torch, its companions and what they need beyond the common packages
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .distributions import Distribution, public, read_site
from .refusal import Refusal

SCHEMA = 1

#: The folder that this program stands in.
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Torch:
    """One version of torch, ready for projects."""

    python: str
    """3.10"""
    executable: str
    """The Python that projects run with."""
    version: str
    """As its package says: 2.5.1+cu124."""
    site: Path
    common: Path

    @property
    def name(self) -> str:
        """The version as people say it: 2.5.1."""
        return public(self.version)

    def distributions(self) -> dict[str, Distribution]:
        """What a project linked to it sees, by key. Where both folders have a package, torch's own counts."""
        return {**read_site(self.common), **read_site(self.site)}


def order_of(version: str) -> tuple[int, ...]:
    """Sorts versions as people do: 2.10.0 after 2.9.0."""
    return tuple(int(part) for part in re.findall(r"\d+", public(version)))


def common_folder(root: Path, python: str) -> Path:
    return root / f"python{python}" / "common"


def torch_folder(root: Path, python: str, version: str) -> Path:
    return root / f"python{python}" / f"torch{public(version)}"


def find_torches(root: Path, pythons: dict[str, str]) -> list[Torch]:
    """The torches in a folder, by Python and version; `pythons` has the program of each Python."""
    found = []
    for python in sorted(pythons, key=order_of):
        for site in (root / f"python{python}").glob("torch*"):
            torch = read_site(site).get("torch")
            if torch is not None:
                found.append(Torch(python, pythons[python], torch.version, site, common_folder(root, python)))
    return sorted(found, key=lambda torch: (order_of(torch.python), order_of(torch.version)))


def read_pythons(root: Path) -> dict[str, str]:
    """The programs of the base's Pythons by version, as base.json has them."""
    try:
        told = json.loads((root / "base.json").read_text("utf-8"))
        schema = told["schema"]
        pythons = {one["version"]: one["executable"] for one in told["pythons"]}
        # Both become paths.
        if not all(re.fullmatch(r"3\.\d{1,2}", version) and re.fullmatch(r"/[^\0]*", executable) for version, executable in pythons.items()):
            raise ValueError("it names a Python that cannot be")
    except FileNotFoundError:
        raise Refusal("BASE_UNFINISHED", f"{root} has no base.json", "`base.py finish` writes it when everything is installed.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refusal("BASE_BROKEN", f"{root}/base.json cannot be read: {error}", "`base.py finish` writes it anew.") from None
    if schema != SCHEMA:
        raise Refusal("BASE_NEWER", f"{root}/base.json is of version {schema}, and this program reads {SCHEMA}")
    return pythons


def read_cuda(site: Path) -> str | None:
    """The version of CUDA that a torch was built for: 12.4; None where it is for CPUs."""
    try:
        text = (site / "torch" / "version.py").read_text("utf-8")
    except FileNotFoundError:
        return None
    match = re.search(r"^cuda\b[^=\n]*=\s*['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return match.group(1) if match else None


def find_python(version: str) -> str:
    """The program of that Python (3.10): the running one, one on the PATH, or one that uv knows."""
    named = shutil.which(f"python{version}")
    for candidate in (sys.executable, named, ask_uv(version)):
        told = candidate and ask_python(candidate)
        if told and told["version"] == version:
            # python3 may be another version tomorrow, python3.10 may not.
            exact = Path(told["executable"]).with_name(f"python{version}")
            return str(exact) if exact.exists() else told["executable"]
    raise Refusal("PYTHON_MISSING", f"there is no Python {version} on this machine", f"`uv python install {version}` brings one.")


def ask_python(program: str) -> dict[str, str] | None:
    """What a Python says of itself: its version, and its own path where it runs in a virtual environment or behind a shim."""
    question = (
        "import json, sys; print(json.dumps({'version': '%d.%d' % sys.version_info[:2],"
        " 'executable': getattr(sys, '_base_executable', sys.executable)}))"
    )
    try:
        answer = subprocess.run([program, "-I", "-c", question], capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(answer.stdout)
        return found
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def ask_uv(version: str) -> str | None:
    uv = shutil.which("uv")
    if uv is None:
        return None
    answer = subprocess.run([uv, "python", "find", version], capture_output=True, text=True, check=False, cwd=os.sep)
    return answer.stdout.strip() or None
