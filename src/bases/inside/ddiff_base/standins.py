"""What stands for the base's packages in a project's .venv.

Every package of the base has a stand-in there: its .dist-info with metadata of its own, which is what uv and pip take for installed. The
packages themselves are found by lines in a .pth file. There are two kinds:

- *plain* ones (numpy, pandas, ...) can be replaced and removed like any package: RECORD names the stand-in's own files;
- *fixed* ones (torch, what pins it, what it pins in binary form: NVIDIA's libraries, triton) stay: their RECORD names nothing, so there
  is nothing to remove, and a guard, a file where the package's folder would be, lets no second one be written.

For resolving there is an index with a tiny wheel of each fixed package and nothing else of that name. uv looks there first and never
further, pip has constraints: whoever asks for another torch hears that there is only this one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from .distributions import OF_TORCH, Distribution, key_of

#: The index with the fixed packages, from the project's folder on.
INDEX = ".venv/ddiff/index"

#: What uv and pip say who installed it.
INSTALLER = "ddiff"

#: The tags of a wheel for every Python and machine.
EVERYWHERE = ("py3-none-any",)

#: The build number of the tiny wheels.
BUILD = "1"

GUARD = """This file stands where the folder of a package would be, so that no second one can be installed here.
The package comes from the base that this project is linked to with `ddiff link`: see .venv/ddiff/link.json.
Another version of torch: `ddiff link VERSION`, or uv_init_torchVERSION in an image.
"""


@dataclass(frozen=True)
class StandIn:
    """A package as the project sees it."""

    name: str
    version: str
    metadata: bytes
    entry_points: str
    is_fixed: bool
    tags: tuple[str, ...]
    """Of the package's own wheel."""

    @property
    def stem(self) -> str:
        return f"{key_of(self.name).replace('-', '_')}-{self.version}"

    @property
    def info(self) -> str:
        return f"{self.stem}.dist-info"

    def installed(self, others: list[str]) -> dict[str, bytes]:
        """The files of .dist-info, relative to site-packages. `others` are files outside that go with a plain one."""
        files = {"METADATA": self.metadata, "WHEEL": wheel_file(self.tags), "INSTALLER": f"{INSTALLER}\n".encode()}
        if self.entry_points:
            files["entry_points.txt"] = self.entry_points.encode()
        rows = [] if self.is_fixed else [f"{self.info}/{name}" for name in (*files, "RECORD")] + others
        files["RECORD"] = "".join(f"{quoted(row)},,\n" for row in rows).encode()
        return {f"{self.info}/{name}": data for name, data in files.items()}

    def wheels(self, more: dict[str, bytes]) -> dict[str, bytes]:
        """Wheels with metadata and, from `more`, little else, by their names. They are the same bytes whenever they are made.

        One has the tags of the package's own wheel and a build number: pip takes the one with the more exact tags, and of equal ones that
        with a build number. One is for every Python and machine: uv locks for all that a project may run on.
        """
        both = {self.tags, EVERYWHERE}
        return {self.wheel_name(tags): self._wheel(tags, more) for tags in sorted(both)}

    def wheel_name(self, tags: tuple[str, ...]) -> str:
        parts = zip(*(tag.split("-") for tag in tags))
        return "-".join([self.stem, BUILD, *(".".join(sorted(set(part))) for part in parts)]) + ".whl"

    def _wheel(self, tags: tuple[str, ...], more: dict[str, bytes]) -> bytes:
        files = {**more, f"{self.info}/METADATA": self.metadata, f"{self.info}/WHEEL": wheel_file(tags, BUILD)}
        if self.entry_points:
            files[f"{self.info}/entry_points.txt"] = self.entry_points.encode()
        rows = [f"{quoted(name)},{digest(data)},{len(data)}\n" for name, data in files.items()]
        record = f"{self.info}/RECORD"
        files[record] = "".join([*rows, f"{record},,\n"]).encode()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for name, data in files.items():
                member = zipfile.ZipInfo(name)
                member.external_attr = 0o644 << 16
                archive.writestr(member, data)
        return packed.getvalue()


def fixed_keys(known: dict[str, Distribution]) -> set[str]:
    """The packages that go with torch: itself, what pins it, its libraries by name, and the binaries that any of these pin."""
    fixed = {key for key, one in known.items() if key == "torch" or "torch" in one.pins or key.startswith(OF_TORCH)}
    waiting = list(fixed)
    while waiting:
        for key in known[waiting.pop()].pins:
            if key in known and key not in fixed and not known[key].is_portable:
                fixed.add(key)
                waiting.append(key)
    return fixed


def index_page(wheels: Iterable[str]) -> bytes:
    """A package's page in a simple index (PEP 503) over the wheels in ../../wheels."""
    links = [f'<a href="../../wheels/{quote(name)}">{name}</a>' for name in wheels]
    return f"<!DOCTYPE html>\n<html><body>\n{'<br>'.join(links)}\n</body></html>\n".encode()


def wheel_file(tags: tuple[str, ...], build: str | None = None) -> bytes:
    lines = ["Wheel-Version: 1.0", f"Generator: {INSTALLER}", "Root-Is-Purelib: true"]
    lines += [f"Tag: {tag}" for tag in tags] + ([f"Build: {build}"] if build is not None else [])
    return "".join(f"{line}\n" for line in lines).encode()


def digest(data: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()}"


def quoted(name: str) -> str:
    """A field of RECORD, which is CSV."""
    return '"' + name.replace('"', '""') + '"' if any(sign in name for sign in ',"\n') else name
