"""The project's uv.toml, which brings the index of the base's torch before all others.

It stands beside pyproject.toml, which is never changed: that one is often copied in later, and is under version control. Where uv.toml
stands, uv reads no settings from [tool.uv], so those are taken over; where the project has a uv.toml of its own, a block is added to it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .files import read_text, remove, write_file
from .project import Project
from .refusal import Refusal
from .standins import INDEX

NAME = "uv.toml"
HEAD = "# Made by `ddiff link`: uv finds the torch of the base, and no other. `ddiff unlink` removes it.\n"
TAKEN = "# What follows is from [tool.uv] in pyproject.toml, which uv does not read beside this file. After a change there: `ddiff link`.\n"
BEGIN = "# >>> ddiff link\n"
END = "# <<< ddiff link\n"

#: A path relative to this file, so that a lock file says the same wherever the project and the base stand.
BLOCK = f'[[index]]\nname = "ddiff-base"\nurl = "{INDEX}"\n'

#: Keys of [tool.uv] that belong to the project, not to settings: uv reads them from pyproject.toml only.
OF_PROJECT = frozenset("sources workspace managed package default-groups dependency-groups dev-dependencies conflicts build-backend".split())


def wanted_settings(project: Project) -> str | None:
    """What uv.toml has to be; None where it is right already."""
    path = project.folder / NAME
    if path.is_symlink():
        raise Refusal("UV_TOML", f"{path} is a link: what it leads to may be others' as well", "Put a file in its place.")
    text = read_text(path)
    if text is None or text.startswith(HEAD):
        wanted = own_file(project.tool_uv)
    else:
        wanted = with_block(without_block(text), path)
    return None if wanted == text else wanted


def write_settings(project: Project) -> bool:
    """Writes uv.toml where it has to change; answers whether it did."""
    wanted = wanted_settings(project)
    if wanted is not None:
        write_file(project.folder / NAME, wanted.encode(), mode_of(project.folder))
    return wanted is not None


def remove_settings(folder: Path) -> None:
    """Takes away what was written: the whole file or the block."""
    path = folder / NAME
    # What a link leads to is not written to, here as there.
    text = None if path.is_symlink() else read_text(path)
    if text is None:
        return
    if text.startswith(HEAD):
        remove(path)
    elif BEGIN in text:
        write_file(path, without_block(text).encode(), mode_of(folder))


def mode_of(folder: Path) -> int:
    """Who may read uv.toml: who may read what its settings are from. Addresses of indexes may have passwords in them."""
    origin = next((path for path in (folder / NAME, folder / "pyproject.toml") if path.is_file()), None)
    return 0o644 if origin is None else origin.stat().st_mode & 0o777


def own_file(settings: dict[str, Any]) -> str:
    """A uv.toml of ours: our index, then the settings of [tool.uv]."""
    kept = {key: value for key, value in settings.items() if key not in OF_PROJECT}
    indexes = kept.pop("index", [])
    # By another than uv's own it would look for torch elsewhere, too.
    kept.pop("index-strategy", None)
    plain = [f"{key} = {value_of(value)}\n" for key, value in kept.items() if not isinstance(value, dict)]
    tables = [f"\n[{key}]\n{pairs(value)}" for key, value in kept.items() if isinstance(value, dict)]
    more = [f"\n[[index]]\n{pairs(one)}" for one in indexes if isinstance(one, dict)]
    taken = [TAKEN] if plain or tables or more else []
    return "".join([HEAD, *taken, *plain, *([] if not plain else ["\n"]), BLOCK, *more, *tables])


def pairs(table: dict[str, Any]) -> str:
    return "".join(f"{text_of(key)} = {value_of(value)}\n" for key, value in table.items())


def value_of(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{text_of(key)} = {value_of(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(value_of, value)) + "]"
    if isinstance(value, str):
        return text_of(value)
    # Numbers and booleans are written as in JSON; dates are not, and print as TOML has them.
    return json.dumps(value) if isinstance(value, (int, float, bool)) else str(value)


def text_of(value: str) -> str:
    """A string in TOML, which is one in JSON but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def with_block(text: str, path: Path) -> str:
    """A uv.toml of the project with our index before its own."""
    if re.search(r"^index\s*=", text, re.MULTILINE):
        raise Refusal("UV_TOML", f"{path} has its indexes in one line", "Write each as a table, [[index]], so that the base's can stand before them.")
    if re.search(r"^index-strategy\s*=\s*['\"]unsafe", text, re.MULTILINE):
        raise Refusal("UV_TOML", f"{path} has an index-strategy by which uv would look for torch in all indexes", "Remove that line.")
    block = BEGIN + BLOCK + END
    first = re.search(r"^\[\[index\]\]", text, re.MULTILINE)
    if first is not None:
        return text[: first.start()] + block + text[first.start() :]
    return text + ("" if text.endswith("\n") or not text else "\n") + block


def without_block(text: str) -> str:
    begin, end = text.find(BEGIN), text.find(END)
    return text if begin < 0 or end < begin else text[:begin] + text[end + len(END) :]
