"""Fills the base's folder with packages. The real uv resolves and installs; this program says what goes where."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from .base_folder import common_folder, find_python, order_of, torch_folder
from .distributions import Distribution, key_of, read_site
from .files import folder_aside, lock, remove, sweep, told
from .refusal import Refusal

#: The date of every file, so that the same packages make the same layer: the first that a zip archive can hold.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))


class Installer:
    """uv, for one Python and with one index more than the usual."""

    def __init__(self, python: str, index: str | None) -> None:
        self.uv = find_uv()
        self.executable = find_python(python)
        # torch's own index has old versions of many packages, which must not hide PyPI's; its builds still win, as 2.5.1+cu124 is more
        # than 2.5.1.
        self.where = ["--python", self.executable]
        if index is not None:
            self.where += ["--index", index, "--index-strategy", "unsafe-best-match"]

    def resolve(self, requirements: Sequence[str], constraints: Iterable[str]) -> list[str]:
        """Lines of exact versions: the requirements and all that they need."""
        with tempfile.TemporaryDirectory() as work:
            file = Path(work, "constraints.txt")
            file.write_text("".join(f"{line}\n" for line in constraints), "utf-8")
            options = ["--no-header", "--no-annotate", "--constraint", str(file), *self.where]
            output = self._run(["pip", "compile", "--quiet", *options, "-"], "\n".join(requirements) + "\n")
        return [line.strip() for line in output.splitlines() if line.strip() and not line.startswith(("#", "-"))]

    def install(self, lines: Sequence[str], folder: Path) -> None:
        """Installs exactly these packages into a folder, as files of its own: no links into a cache that others share."""
        if not lines:
            return
        options = ["--no-deps", "--link-mode", "copy", "--target", str(folder), *self.where]
        self._run(["pip", "install", *options, "--requirement", "-"], "\n".join(lines) + "\n")
        remove(folder / ".lock")

    def _run(self, words: Sequence[str], text: str) -> str:
        done = subprocess.run([*self.uv, *words], input=text, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Refusal("UV_FAILED", f"uv ended with status {done.returncode}", "What it said stands above.")
        return done.stdout


def find_uv() -> list[str]:
    """How uv is called: the program on the PATH, or the module of this Python."""
    for words in ([shutil.which("uv") or "uv"], [sys.executable, "-m", "uv"]):
        try:
            told_version = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        # Older ones take 2.5.1 of PyPI for more than 2.5.1+cu124.
        if order_of(told_version) < (0, 5):
            raise Refusal("UV_OLD", f"{told_version.strip()} is too old for making a base", "`uv self update`, or pip, brings 0.5 or newer.")
        return words
    raise Refusal("UV_MISSING", "uv is not on the PATH", "`pip install uv` brings it.")


def install_common(root: Path, python: str, requirements: Sequence[str]) -> dict[str, Distribution]:
    """Installs the packages for every project, and pip, which they share as well. What was there before is replaced."""
    installer = Installer(python, None)
    target = common_folder(root, python)
    with told(f"installing into {target}"):
        root.mkdir(parents=True, exist_ok=True)
        with lock(root):
            lines = installer.resolve([*requirements, "pip"], [])
            replace(target, installer, lines, [])
    return read_site(target)


def install_wheels(root: Path, python: str, index: str | None, requirements: Sequence[str]) -> list[Path]:
    """Unpacks wheels that several torches use, each into a folder of its own. What is there already is left."""
    installer = Installer(python, index)
    made = []
    for requirement in requirements:
        name, found, version = requirement.partition("==")
        if not found:
            raise Refusal("NOT_PINNED", f"{requirement} names no version", "Write NAME==VERSION.")
        target = root / "wheels" / f"{key_of(name)}-{version.strip()}"
        with told(f"installing into {target}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            with lock(target.parent):
                sweep(target.parent)
                # A wheel with code for one Python (triton) stands there once for each.
                own = target.with_name(f"{target.name}-python{python}")
                if target.is_dir() or own.is_dir():
                    made.append(target if target.is_dir() else own)
                    continue
                with tempfile.TemporaryDirectory(dir=target.parent, prefix=".ddiff-aside-") as work:
                    unpacked = Path(work, "unpacked")
                    installer.install([requirement], unpacked)
                    settle(unpacked)
                    is_own = any(one.needs_own_python for one in read_site(unpacked).values())
                    os.rename(unpacked, own if is_own else target)
                    made.append(own if is_own else target)
    return made


def install_torch(root: Path, python: str, version: str, index: str | None, companions: Sequence[str]) -> Distribution:
    """Installs one torch with its companions, and what they need that is not common. What lies in wheels/ is linked, not copied."""
    installer = Installer(python, index)
    common = read_site(common_folder(root, python))
    target = torch_folder(root, python, version)
    with told(f"installing into {target}"):
        root.mkdir(parents=True, exist_ok=True)
        lines = installer.resolve([f"torch=={version}", *companions], (f"{one.name}=={one.version}" for one in common.values()))
        own = [line for line in lines if pinned_key(line) not in common]
        shared = [wheel for line in own for wheel in find_wheel(root, python, line)]
        keys = {one.key for wheel in shared for one in read_site(wheel).values()}
        with lock(root):
            replace(target, installer, [line for line in own if pinned_key(line) not in keys], shared)
    torch = read_site(target).get("torch")
    if torch is None:
        raise Refusal("TORCH_MISSING", f"uv installed no torch into {target}")
    return torch


def pinned_key(line: str) -> str:
    """The package of a line `NAME==VERSION` or `NAME @ URL`."""
    return key_of(line.split("==")[0].split("@")[0].split("[")[0].strip())


def find_wheel(root: Path, python: str, line: str) -> list[Path]:
    """The folder in wheels/ that has the package of a line, if there is one."""
    name = f"{pinned_key(line)}-{line.partition('==')[2].split(';')[0].strip()}"
    names = [name, f"{name}-python{python}"]
    return [path for path in (root / "wheels" / one for one in names) if path.is_dir()][:1]


def replace(target: Path, installer: Installer, lines: Sequence[str], shared: Sequence[Path]) -> None:
    """Makes a folder of packages aside, and puts it in place of the old one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    with folder_aside(target) as aside:
        installer.install(lines, aside)
        for wheel in shared:
            link_wheel(wheel, aside, target)
        compile_all(installer.executable, aside, target)
        settle(aside)


def link_wheel(wheel: Path, aside: Path, target: Path) -> None:
    """Shows a wheel's files in another folder by links, file by file.

    Folders must be real ones: NVIDIA's libraries look for each other beside themselves ($ORIGIN/../../nvjitlink/lib), and the loader
    takes that from the path by which a library was opened.
    """
    for folder, _, files in os.walk(wheel):
        within = Path(folder).relative_to(wheel)
        (aside / within).mkdir(parents=True, exist_ok=True)
        for file in files:
            link = aside / within / file
            remove(link)
            link.symlink_to(os.path.relpath(Path(folder, file), target / within))


def compile_all(executable: str, aside: Path, target: Path) -> None:
    """Makes byte code, which nobody but the base's owner could keep later. It is bound to no time stamp, so that layers stay the same.

    Files that no Python can compile are in many packages: they are passed over.
    """
    where = ["-s", str(aside), "-p", str(target)]
    mode = ["--invalidation-mode", "unchecked-hash", "-q", "-q", "-j", "0"]
    subprocess.run([executable, "-I", "-m", "compileall", *mode, *where, str(aside)], check=False, stdout=subprocess.DEVNULL)


def settle(folder: Path) -> None:
    """Gives every file the same date, and drops what says when it was installed."""
    for place, _folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(place, name)
            if name == "uv_cache.json":
                path.unlink()
            else:
                os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
        os.utime(place, (EPOCH, EPOCH))
