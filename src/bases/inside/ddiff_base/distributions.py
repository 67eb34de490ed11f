"""Installed packages, as their .dist-info folders tell of them."""

from __future__ import annotations

import configparser
import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .files import is_inside
from .refusal import Refusal

#: The headers of METADATA that installers read. The rest is prose, and much longer.
KEPT_HEADERS = ("metadata-version", "name", "version", "summary", "requires-python", "requires-dist", "provides-extra")

#: How the names of packages begin that belong to one build of torch, whatever they say themselves.
OF_TORCH = ("nvidia-", "cuda-", "triton", "pytorch-triton")

PIN = re.compile(r"^([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?\s*==\s*([^\s;,)*]+)\s*\)?\s*(?:;|$)")


def key_of(name: str) -> str:
    """A package's name as PEP 503 spells it for comparing."""
    return re.sub(r"[-_.]+", "-", name).lower()


def public(version: str) -> str:
    """A version without its local part: 2.5.1 of 2.5.1+cu124."""
    return version.split("+", 1)[0]


@dataclass(frozen=True)
class Distribution:
    """One installed package. `site` is the folder that it is imported from, `info` its .dist-info folder."""

    site: Path
    info: Path

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of METADATA in their order, names in small letters; folded lines joined."""
        found: list[tuple[str, str]] = []
        for line in self._text("METADATA").splitlines():
            if line == "":
                break
            if line[0] in " \t" and found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
            elif ":" in line:
                header, value = line.split(":", 1)
                found.append((header.lower(), value.strip()))
        return found

    @cached_property
    def name(self) -> str:
        return self._header("name") or self.info.name.split("-", 1)[0]

    @cached_property
    def key(self) -> str:
        return key_of(self.name)

    @cached_property
    def version(self) -> str:
        return self._header("version") or self.info.name[: -len(".dist-info")].split("-", 1)[-1]

    @cached_property
    def requires(self) -> list[str]:
        return [value for header, value in self.headers if header == "requires-dist"]

    @cached_property
    def pins(self) -> dict[str, str]:
        """What it requires in exactly one version."""
        matches = (PIN.match(requirement) for requirement in self.requires)
        return {key_of(match.group(1)): match.group(2) for match in matches if match}

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """For which Pythons and machines its wheel is: py3-none-manylinux2014_x86_64."""
        found = re.findall(r"^Tag:\s*([^\s-]+-[^\s-]+-[^\s-]+)", self._text("WHEEL"), re.MULTILINE)
        return tuple(found) or ("py3-none-any",)

    @cached_property
    def is_portable(self) -> bool:
        """Whether its wheel is one for every machine: no binaries."""
        return any(tag.endswith("-any") for tag in self.tags)

    @cached_property
    def needs_own_python(self) -> bool:
        """Whether its wheel is for one version of Python."""
        return not any(tag.startswith(("py3-", "py2.py3-")) for tag in self.tags)

    @cached_property
    def installer(self) -> str:
        return self._text("INSTALLER").strip()

    @cached_property
    def files(self) -> list[str]:
        """Its files as RECORD names them, relative to `site`."""
        try:
            return [row[0] for row in csv.reader(self._text("RECORD").splitlines()) if row and row[0]]
        except csv.Error as error:
            raise Refusal("PACKAGE_BROKEN", f"{self.info}/RECORD cannot be read: {error}") from None

    @cached_property
    def programs(self) -> dict[str, str]:
        """Its console and GUI programs: name to `module:function`."""
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        try:
            parser.read_string(self._text("entry_points.txt"))
        except configparser.Error as error:
            raise Refusal("PACKAGE_BROKEN", f"{self.info}/entry_points.txt cannot be read: {error}") from None
        sections = ("console_scripts", "gui_scripts")
        return {name: target.split("[")[0].strip() for section in sections if parser.has_section(section) for name, target in parser.items(section)}

    @cached_property
    def packages(self) -> set[str]:
        """The folders that it is imported as: `torch`, `nvidia/cublas` (nvidia itself is everybody's)."""
        found: set[str] = set()
        for file in self.files:
            parts = file.split("/")
            depth = 2 if parts[0] == "nvidia" else 1
            is_code = is_inside(file) and not parts[0].endswith((".dist-info", ".data")) and parts[0] not in ("bin", "share", "etc")
            if is_code and len(parts) > depth:
                found.add("/".join(parts[:depth]))
        return found - {"nvidia/__pycache__", "__pycache__"}

    def metadata(self, version: str, pins: dict[str, str]) -> bytes:
        """METADATA of a stand-in: under that version, requiring what `pins` names in those versions, without prose."""
        lines = []
        for header, value in self.headers:
            if header not in KEPT_HEADERS:
                continue
            if header == "version":
                value = version
            if header == "requires-dist":
                value = repin(value, pins)
            lines.append(f"{header.title()}: {value}\n")
        return "".join(lines).encode()

    def text(self, name: str) -> str | None:
        """A file of .dist-info, or None."""
        return self._text(name) or None

    def _header(self, wanted: str) -> str:
        return next((value for header, value in self.headers if header == wanted), "")

    def _text(self, name: str) -> str:
        path = self.info / name
        return path.read_text("utf-8", "replace") if path.is_file() else ""


def repin(requirement: str, pins: dict[str, str]) -> str:
    """A requirement of exactly one version, with the version that `pins` has for the package."""
    match = PIN.match(requirement)
    wanted = pins.get(key_of(match.group(1))) if match else None
    if match is None or wanted is None or public(match.group(2)) == public(wanted):
        return requirement
    return requirement[: match.start(2)] + wanted + requirement[match.end(2) :]


def read_site(site: Path) -> dict[str, Distribution]:
    """The packages that are installed in a folder, by key."""
    if not site.is_dir():
        return {}
    found = (Distribution(site, info) for info in sorted(site.glob("*.dist-info")))
    return {one.key: one for one in found}
