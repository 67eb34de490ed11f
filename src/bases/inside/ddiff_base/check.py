"""Looks whether a project's link is whole: the base's torch and no other, everything where it should be, and it can be imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .base_folder import Torch, find_torches, read_pythons
from .borrowed import borrow_from
from .distributions import public
from .environment import State, own_distributions, read_state
from .project import read_project
from .refusal import Refusal
from .uv_settings import wanted_settings
from .view import site_folder

LIBRARY = re.compile(r"^lib(?:torch|c10|cublas|cudnn|cudart|nccl|cusparse|cusolver|cufft|curand|nvrtc|nvJitLink)[\w.-]*\.so")
AGAIN = "Link again."


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, and what mends it."""

    code: str
    text: str
    remedy: str


def check(folder: Path) -> list[Finding]:
    """What is wrong with a project's link; nothing where it is whole."""
    venv = folder / ".venv"
    state = read_state(venv)
    if state is None:
        return [Finding("NOT_LINKED", f"{folder} is not linked to a base", "`ddiff link` does that.")]
    found = [*look_at_link(venv, state), *look_for_second(venv, state)]
    broken = list(look_at_base(state))
    if not broken:
        broken = [*look_at_files(folder, venv, state), *look_at_import(venv, state)]
    return [*broken, *found]


def look_at_base(state: State) -> Iterator[Finding]:
    root = Path(state.base)
    remedy = "Link again with --base, where the base stands now."
    if not root.is_dir():
        yield Finding("BASE_GONE", f"the base {root} is not there", remedy)
        return
    try:
        torches = find_torches(root, read_pythons(root))
    except Refusal as refusal:
        yield Finding("BASE_GONE", refusal.sentence, remedy)
        return
    if find_torch(torches, state) is None:
        yield Finding("TORCH_GONE", f"the base {root} has no torch {state.torch} for Python {state.python}", "Link to another version.")


def find_torch(torches: list[Torch], state: State) -> Torch | None:
    return next((one for one in torches if (one.version, one.python) == (state.torch, state.python)), None)


def look_at_link(venv: Path, state: State) -> Iterator[Finding]:
    """The link's own files."""
    if not state.is_whole:
        yield Finding("LINK_HALF", "linking was ended half-way", AGAIN)
    if state.project != str(venv.parent):
        yield Finding("PROJECT_MOVED", f"the project was linked as {state.project}", AGAIN)
    site = venv / site_folder(state.python)
    for path in ["ddiff.pth", *state.guards]:
        if not (site / path).is_file():
            yield Finding("LINK_DAMAGED", f"{site / path} is missing", AGAIN)
    changed = {one.key: one for one in own_distributions(venv, state.python) if one.key in state.fixed}
    for key, one in changed.items():
        if one.version != state.fixed[key]:
            yield Finding("VERSION_SWITCHED", f"{one.name} {one.version} was put in place of the base's {state.fixed[key]}", AGAIN)
    for link in dangling(venv):
        yield Finding("DANGLING", f"{link} leads to nothing", AGAIN)


def look_for_second(venv: Path, state: State) -> Iterator[Finding]:
    """torch's and NVIDIA's files in .venv itself, by whatever way they came."""
    site = venv / site_folder(state.python)
    # Others may bring libraries of CUDA of their own (faiss): that is theirs to do.
    tops = {guard.split("/")[0] for guard in state.guards}
    seen: set[str] = set()
    for place, _folders, files in os.walk(site):
        for file in files:
            if LIBRARY.match(file) and not os.path.islink(os.path.join(place, file)):
                parts = Path(place).relative_to(site).parts
                owner = "/".join(parts[:2])
                if parts and parts[0] in tops and owner not in seen:
                    seen.add(owner)
                    text = f"{os.path.join(place, file)} is a library of torch or CUDA in the project itself"
                    yield Finding("SECOND_TORCH", text, "`ddiff link --force` removes a second torch.")


def dangling(venv: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(venv):
        for name in [*folders, *files]:
            link = Path(place, name)
            if link.is_symlink() and not link.exists():
                yield link


def look_at_files(folder: Path, venv: Path, state: State) -> Iterator[Finding]:
    """The project's files beside the link."""
    torches = find_torches(Path(state.base), read_pythons(Path(state.base)))
    torch = find_torch(torches, state)
    if torch is None:
        return
    borrow_from(torch.common)
    try:
        project = read_project(folder)
        settings = wanted_settings(project)
    except Refusal as refusal:
        yield Finding(refusal.code, refusal.sentence, refusal.hint or "")
        return
    for objection in project.objections(torch):
        yield Finding("TORCH_UNFIT", objection, "Link to another version, or change the file.")
    if settings is not None:
        yield Finding("UV_TOML", f"{folder / 'uv.toml'} does not fit pyproject.toml, or lacks the base's index", AGAIN)
    for key, one in torch.distributions().items():
        if key in state.fixed and project.locked_version(one) != state.fixed[key]:
            text = f"uv.lock holds {one.name} {project.locked_version(one)}, and is linked as {state.fixed[key]}"
            yield Finding("LOCK_CHANGED", text, AGAIN)
    note = project.note_on_lock(state.versions)
    if note is not None:
        yield Finding("LOCK_CHANGED", note, "")


def look_at_import(venv: Path, state: State) -> Iterator[Finding]:
    """Whether torch can be imported, and whose it is."""
    question = "import json, torch; print(json.dumps([torch.__version__, torch.__file__]))"
    python = venv / "bin" / "python"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True, check=False, cwd=venv)
    except OSError as error:
        yield Finding("PYTHON_GONE", f"{python} does not start: {error.strerror}", AGAIN)
        return
    last = answer.stderr.strip().splitlines()[-1:] or [f"status {answer.returncode}"]
    if answer.returncode != 0:
        yield Finding("IMPORT_FAILS", f"torch cannot be imported: {last[0]}", "Look at the whole message: .venv/bin/python -c 'import torch'")
        return
    try:
        version, file = json.loads(answer.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        yield Finding("IMPORT_FAILS", "torch is imported, but Python does not answer", "Look at what it says: .venv/bin/python -c 'import torch'")
        return
    if not Path(file).resolve().is_relative_to(Path(state.base).resolve()):
        yield Finding("SECOND_TORCH", f"torch is imported from {file}, not from the base", "`ddiff link --force` removes a second torch.")
    elif public(version) != public(state.torch):
        yield Finding("VERSION_SWITCHED", f"torch {version} is imported, not {state.torch}", AGAIN)
