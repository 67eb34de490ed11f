"""What a project says about torch and Python: pyproject.toml, requirements.txt, uv.lock and .python-version. They are read, never changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .base_folder import Torch
from .borrowed import parse_requirement, parse_specifiers, read_toml
from .distributions import OF_TORCH, Distribution, key_of, public
from .refusal import Refusal
from .standins import INDEX, fixed_keys

#: Both become parts of paths: a lock file comes with somebody's project.
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")


@dataclass(frozen=True)
class Wish:
    """A range of versions that a file asks for."""

    file: str
    text: str
    key: str
    specifier: Any


@dataclass
class Project:
    """A project's folder, and what stands in its files."""

    folder: Path
    wishes: list[Wish] = field(default_factory=list)
    locked: dict[str, list[str]] = field(default_factory=dict)
    """The versions in uv.lock, by key, without those of a base's index: they say what was linked, not what is wished for."""
    linked: dict[str, str] = field(default_factory=dict)
    """The versions in uv.lock that are of a base's index."""
    tool_uv: dict[str, Any] = field(default_factory=dict)
    """The table [tool.uv]."""
    python: str = ""
    """The range of Python versions that it asks for."""
    pinned_python: str = ""
    """What .python-version names."""

    def objections(self, torch: Torch) -> list[str]:
        """Why this torch is not what the project's files ask for; empty where it is. Other packages they can have as they like."""
        found = self.objections_to_python(torch.python)
        known = torch.distributions()
        distributions = {key: known[key] for key in fixed_keys(known)}
        for wish in self.wishes:
            one = distributions.get(wish.key)
            if one is not None and not wish.specifier.contains(one.version, prereleases=True):
                found.append(f"{wish.file} asks for {wish.text}, and this is {one.name} {one.version}")
        locked = self.locked.get("torch", [])
        if locked and all(public(version) != torch.name for version in locked):
            found.append(f"uv.lock holds torch {' and '.join(locked)}, and this is torch {torch.version}")
        return found

    def objections_to_python(self, python: str) -> list[str]:
        """Why the project does not run with this Python. uv would make its .venv anew with another one, without the base."""
        found = []
        # The newest patch release stands for all of them: files ask for 3.10, hardly ever for a patch.
        if self.python and not parse_specifiers(self.python).contains(f"{python}.99", prereleases=True):
            found.append(f"pyproject.toml asks for Python {self.python}, and this is {python}")
        if self.pinned_python and not f"{self.pinned_python}.".startswith(f"{python}."):
            found.append(f".python-version names {self.pinned_python}, and this is Python {python}")
        return found

    def locked_version(self, one: Distribution) -> str:
        """The version under which a package of the base is shown to this project.

        It is the package's own, unless uv.lock has the same torch of another index: PyPI's 2.5.1 is the pytorch index's 2.5.1+cu124 or
        2.5.1+cpu, and its libraries are those of that build. uv compares whole versions, and would install a second torch.
        """
        versions = self.locked.get(one.key, [])
        if not versions or one.version in versions:
            return one.version
        if one.key.startswith(OF_TORCH):
            return versions[0]
        return next((version for version in versions if public(version) == public(one.version)), one.version)

    def note_on_lock(self, versions: dict[str, str]) -> str | None:
        """A sentence where uv.lock has what the project was linked to before, and not these versions."""
        changed = [key for key, version in self.linked.items() if version != versions.get(key)]
        if not changed:
            return None
        words = " ".join(f"-P {key}" for key in changed)
        return f"uv.lock has {changed[0]} {self.linked[changed[0]]} of the base, from an earlier link: `uv lock {words}` takes the present one"

    def locked_libraries(self, known: dict[str, Distribution]) -> dict[str, str]:
        """Libraries in uv.lock that another build of the same torch needs and this one has not: PyPI's NVIDIA packages, for a torch for CPUs."""
        if "torch" not in self.locked:
            return {}
        return {key: versions[0] for key, versions in self.locked.items() if key.startswith(OF_TORCH) and key not in known}


def read_project(folder: Path) -> Project:
    """Reads a project's files. What they say of other packages than the base's is of no interest here."""
    if not folder.is_dir():
        raise Refusal("PROJECT_MISSING", f"there is no folder {folder}")
    project = Project(folder)
    read_pyproject(project)
    read_requirements(project)
    read_lock(project)
    version = folder / ".python-version"
    if version.is_file():
        match = re.match(r"\s*(?:cpython-?)?(\d+\.\d+(?:\.\d+)?)", version.read_text("utf-8", "replace"))
        project.pinned_python = match.group(1) if match else ""
    return project


def read_pyproject(project: Project) -> None:
    data = read_toml(project.folder / "pyproject.toml")
    about = table(data, "project")
    project.tool_uv = table(table(data, "tool"), "uv")
    python = about.get("requires-python")
    if isinstance(python, str):
        project.python = checked_range(python)
    requirements = about.get("dependencies")
    for text in requirements if isinstance(requirements, list) else []:
        add_wish(project, "pyproject.toml", str(text))


def read_requirements(project: Project) -> None:
    path = project.folder / "requirements.txt"
    if not path.is_file():
        return
    text = path.read_text("utf-8", "replace").replace("\\\n", " ")
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).split(" --")[0].strip()
        if line and not line.startswith("-"):
            add_wish(project, "requirements.txt", line)


def read_lock(project: Project) -> None:
    path = project.folder / "uv.lock"
    packages = read_toml(path).get("package")
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, dict) and isinstance(package.get("name"), str) and isinstance(package.get("version"), str):
            if not NAME.fullmatch(package["name"]) or not VERSION.fullmatch(package["version"]):
                raise Refusal("FILE_BROKEN", f"{path} names a package that cannot be: {package['name']!r} {package['version']!r}")
            key, source = key_of(package["name"]), table(package, "source").get("registry")
            if isinstance(source, str) and source.endswith(INDEX):
                project.linked[key] = package["version"]
            else:
                project.locked.setdefault(key, []).append(package["version"])


def add_wish(project: Project, file: str, text: str) -> None:
    """Keeps what is asked for in a range on this machine. A line that is none (a path, a URL) is for uv to judge."""
    try:
        requirement = parse_requirement(text)
        is_meant = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    except ValueError:
        return
    if is_meant and requirement.url is None and str(requirement.specifier):
        project.wishes.append(Wish(file, text, key_of(requirement.name), requirement.specifier))


def checked_range(text: str) -> str:
    try:
        parse_specifiers(text)
    except ValueError as error:
        raise Refusal("FILE_BROKEN", f"pyproject.toml has no range of versions in requires-python: {error}") from None
    return text


def table(data: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of a TOML document; an empty one where it is missing or something else."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}
