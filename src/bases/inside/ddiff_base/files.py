"""Writing so that nobody ever sees a half of it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .refusal import Refusal

#: How the names of everything begin that is not ready yet.
ASIDE = ".ddiff-aside-"


def write_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes a file under another name beside its place, and renames it. Folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=ASIDE, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_text(path: Path) -> str | None:
    """A file of a project as text; None where it is not there. A pipe or a device, which may never end, is not opened."""
    try:
        if path.exists() and not path.is_file():
            raise Refusal("FILE_BROKEN", f"{path} is no file")
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (UnicodeDecodeError, OSError) as error:
        raise Refusal("FILE_BROKEN", f"{path} cannot be read: {error}") from None


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """A new folder beside `target`, which takes its place in the end, or is removed where something fails."""
    with scratch(target) as aside:
        yield aside
        old = aside.with_name(f"{aside.name}-old")
        if target.is_symlink() or target.exists():
            os.rename(target, old)
        os.rename(aside, target)
    remove(old)


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """A folder beside `target` that is gone in the end, unless it was renamed."""
    aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=target.parent))
    try:
        aside.chmod(0o755)
        yield aside
    finally:
        if aside.is_dir():
            remove(aside)


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with everything in it. What is not there is fine."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)


def is_inside(place: str) -> bool:
    """Whether a relative path that some file names leads to something below the folder that it is meant for."""
    return "\0" not in place and not {"", ".", ".."} & set(place.split("/"))


def link_above(path: Path, top: Path) -> Path | None:
    """A folder between `top` and what lies below it that is a link, and so leads elsewhere; None where all are real."""
    return next((folder for folder in path.parents if top in folder.parents and folder.is_symlink()), None)


def sweep(folder: Path) -> None:
    """Removes what runs left that were killed. Only under a lock: another run's work looks the same."""
    for left in folder.glob(f"{ASIDE}*"):
        remove(left)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lets one run at a time work in a folder; the second waits. The kernel takes the lock back from a killed one.

    NFS cannot lock folders: there the runs do not wait for each other.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP):
                raise
        yield
    finally:
        os.close(handle)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Tells of a full disk, missing rights and the like by what was being done."""
    try:
        yield
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise Refusal("NOT_WRITTEN", f"{doing} failed: {error.strerror or error}{place}") from error
