"""What Python's own library lacks, borrowed from the pip that every base has: TOML before Python 3.11, and version ranges."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from .files import read_text
from .refusal import Refusal


def borrow_from(common: Path) -> None:
    """Lets pip's modules be imported from a base's common packages."""
    if not (common / "pip").is_dir():
        raise Refusal("PIP_MISSING", f"{common} has no pip, which reads the project's files", "`base.py common` installs it.")
    if str(common) not in sys.path:
        sys.path.append(str(common))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as data; an empty one where there is no such file."""
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "pip._vendor.tomli")
    try:
        data: dict[str, Any] = toml.loads(read_text(path) or "")
        return data
    except (ValueError, RecursionError) as error:
        raise Refusal("FILE_BROKEN", f"{path} cannot be read: {error}") from None


def parse_requirement(text: str) -> Any:
    """A requirement (PEP 508) with `name`, `specifier`, `marker` and `url`. Raises ValueError."""
    from pip._vendor.packaging.requirements import Requirement

    return Requirement(text)


def parse_specifiers(text: str) -> Any:
    """A range of versions (PEP 440) with `contains`. Raises ValueError."""
    from pip._vendor.packaging.specifiers import SpecifierSet

    return SpecifierSet(text)
