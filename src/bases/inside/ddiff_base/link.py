"""Links a project to a torch of the base, and takes the link away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .base_folder import Torch, find_torches, order_of, read_pythons
from .borrowed import borrow_from
from .distributions import Distribution
from .environment import (
    State,
    disk_usage,
    is_real,
    make_empty,
    own_distributions,
    own_packages,
    prune,
    read_state,
    remove_package,
    write_state,
    write_view,
)
from .files import ASIDE, folder_aside, link_above, lock, remove, scratch, sweep, told
from .project import Project, read_project
from .refusal import Refusal
from .uv_settings import remove_settings, wanted_settings, write_settings
from .view import OWN, View, make_view, site_folder


def link(root: Path, version: str | None, python: str | None, folder: Path, force: bool) -> dict[str, Any]:
    """Gives the project a .venv that sees a torch of the base and writes only to itself. Doing it again mends and changes nothing else."""
    torches = read_torches(root)
    project = read_project(folder)
    venv = folder / ".venv"
    with told(f"linking {folder}"), lock(folder):
        sweep(folder)
        state = read_state(venv)
        torch = choose(torches, version, python, project, state)
        # Before anything is written: a uv.toml that cannot be extended.
        wanted_settings(project)
        if state is None and occupied(venv) and not force:
            raise Refusal(
                "VENV_FOREIGN",
                f"{venv} is there already, and not of ddiff's making",
                "Remove it, or say --force: it is replaced, with all that is installed in it.",
            )
        if state is not None and state.python == torch.python:
            view = relink(torch, project, venv, state, force)
        else:
            if state is not None and own_packages(venv, state.python) and not force:
                raise Refusal(
                    "PYTHON_CHANGES",
                    f"{venv} has packages for Python {state.python}, and this torch is for {torch.python}",
                    "Say --force to make it anew without them, and install them again.",
                )
            view = make_view(torch, project, venv, set())
            with folder_aside(venv) as aside:
                make_empty(torch, aside, venv)
                write_view(view, aside)
                write_state(aside, state_of(root, torch, venv, view, view.entries))
        write_settings(project)
        return {
            "project": str(folder),
            "base": str(root),
            "torch": torch.version,
            "python": torch.python,
            "packages": len(view.versions),
            "bytes": disk_usage(venv),
            "note": project.note_on_lock(view.versions),
        }


def unlink(folder: Path) -> dict[str, Any]:
    """Takes the link away: all of .venv where nothing else was installed, or only what is the base's."""
    venv = folder / ".venv"
    with told(f"unlinking {folder}"), lock(folder):
        sweep(folder)
        state = read_state(venv)
        remove_settings(folder)
        if state is None:
            return {"project": str(folder), "removed": False, "kept": 0}
        kept = own_packages(venv, state.python)
        if kept:
            taken = {file for one in kept.values() for file in files_of(one, venv)}
            remove_files(venv, [file for file in state.files if file not in taken])
            remove(venv / OWN)
        else:
            gone = folder / f"{ASIDE}{os.getpid()}"
            os.rename(venv, gone)
            remove(gone)
        return {"project": str(folder), "removed": True, "kept": len(kept)}


def read_torches(root: Path) -> list[Torch]:
    """The base's torches, and pip's modules made ready for reading a project's files."""
    torches = find_torches(root, read_pythons(root))
    if not torches:
        raise Refusal("BASE_EMPTY", f"{root} has no torch", "`base.py torch VERSION --python 3.10` installs one.")
    borrow_from(torches[-1].common)
    return torches


def choose(torches: list[Torch], version: str | None, python: str | None, project: Project, state: State | None) -> Torch:
    """The torch that is asked for, or that the project was linked to, or the newest that its files allow."""
    is_mine = [torch for torch in torches if python in (None, torch.python)]
    held = ", ".join(f"{torch.version} (Python {torch.python})" for torch in torches)
    if version is None and state is not None:
        version = state.torch
    wanted = [torch for torch in is_mine if version in (None, torch.version, torch.name)]
    if not wanted:
        asked = f"torch {version}" if version is not None else f"Python {python}"
        raise Refusal("TORCH_UNKNOWN", f"the base has no {asked}", f"It has {held}.")
    objections = {torch: project.objections(torch) for torch in wanted}
    fitting = [torch for torch in wanted if not objections[torch]]
    if not fitting:
        first = wanted[-1]
        others = [torch.name for torch in torches if not project.objections(torch)]
        hint = f"The base's torch {others[-1]} is." if others else f"The base has {held}."
        raise Refusal("TORCH_UNFIT", "; ".join(objections[first]), hint)
    if state is not None:
        fitting = [torch for torch in fitting if torch.python == state.python] or fitting
    # Of one version for several Pythons the first one, which is the oldest.
    newest = max(order_of(torch.version) for torch in fitting)
    return next(torch for torch in fitting if order_of(torch.version) == newest)


def relink(torch: Torch, project: Project, venv: Path, state: State, force: bool) -> View:
    """Changes what is the base's in a .venv, file by file; what the user has installed stays."""
    refuse_link(venv / site_folder(torch.python) / "ddiff.pth", venv)
    clear_second(torch, project, venv, state, force)
    packages = own_packages(venv, torch.python)
    view = make_view(torch, project, venv, set(packages))
    # A package of the user's may have a program of the same name, or have taken the place of a stand-in.
    taken = {file for one in packages.values() for file in files_of(one, venv)}
    root = torch.site.parent.parent
    old = set(state.files)
    sweep(venv / OWN)
    with scratch(venv) as aside:
        make_empty(torch, aside, venv)
        write_view(view, aside)
        places = files_below(aside)
        for place in places:
            refuse_link(venv / place, venv)
        # From here on a killed run leaves a link that says so, and knows all its files.
        write_state(venv, state_of(root, torch, venv, view, {*view.entries, *old}, is_whole=False))
        for place in places:
            if place in taken:
                view.entries.pop(place, None)
            else:
                put(aside / place, venv / place)
    remove_files(venv, sorted(old - taken - set(view.entries)))
    write_state(venv, state_of(root, torch, venv, view, view.entries))
    return view


def clear_second(torch: Torch, project: Project, venv: Path, state: State, force: bool) -> None:
    """Removes what is left of an installation of another torch that a guard stopped. A whole second torch is removed only when told."""
    known = torch.distributions()
    fixed = {*state.fixed, *make_view(torch, project, venv, set()).fixed}
    for one in own_distributions(venv, torch.python):
        if one.key not in fixed:
            continue
        if is_real(one) and not force and one.key in known:
            raise Refusal(
                "SECOND_TORCH",
                f"{one.name} {one.version} is installed in {venv} itself",
                "Say --force to remove it, so that the base's is used.",
            )
        remove_package(one, venv)


def files_of(one: Distribution, venv: Path) -> list[str]:
    """A package's files, relative to .venv."""
    return [os.path.relpath(os.path.normpath(one.site / file), venv) for file in one.files]


def refuse_link(path: Path, venv: Path) -> None:
    """Refuses to write where a folder of .venv is a link: what it leads to is not the project's."""
    link = link_above(path, venv)
    if link is not None:
        raise Refusal("LINK_BROKEN", f"{link} is a link to another folder", "Remove .venv, and link again.")


def put(source: Path, target: Path) -> None:
    """Moves a file or a link to its place in .venv, whatever stands there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        remove(target)
    os.replace(source, target)


def remove_files(venv: Path, files: list[str]) -> None:
    """Removes files of ours, and the folders that they leave empty. What lies behind a link is not ours."""
    files = [file for file in files if link_above(venv / file, venv) is None]
    for file in files:
        path = venv / file
        if path.is_symlink() or path.is_file():
            path.unlink()
    prune([(venv / file).parent for file in files], venv)


def files_below(folder: Path) -> list[str]:
    """Files and links below a folder, relative to it; links to folders are not entered."""
    found = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in [*files, *links]]
    return sorted(found)


def state_of(root: Path, torch: Torch, venv: Path, view: View, files: Iterable[str], is_whole: bool = True) -> State:
    return State(
        base=str(root),
        python=torch.python,
        torch=torch.version,
        project=str(venv.parent),
        versions=view.versions,
        fixed=view.fixed,
        guards=view.guards,
        files=sorted(files),
        is_whole=is_whole,
    )


def occupied(venv: Path) -> bool:
    return venv.is_symlink() or (venv.exists() and (not venv.is_dir() or any(venv.iterdir())))
