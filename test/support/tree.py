"""Prints all that the system tells of each file below a folder, as JSON: what stands there, not what any tar says of it."""

import hashlib
import json
import os
import stat
import sys


def describe(path, names):
    about = os.lstat(path)
    kind = stat.S_IFMT(about.st_mode)
    told = {
        "type": kind,
        "mode": stat.S_IMODE(about.st_mode),
        "owner": [about.st_uid, about.st_gid],
        "time": about.st_mtime_ns,
        "attributes": {
            name: os.getxattr(path, name, follow_symlinks=False).hex()
            for name in os.listxattr(path, follow_symlinks=False)
            if not name.startswith(("trusted.overlay.", "user.rootlesscontainers", "user.umoci"))
        },
    }
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        told["device"] = [os.major(about.st_rdev), os.minor(about.st_rdev)]
    if kind == stat.S_IFLNK:
        told["target"] = os.fsencode(os.readlink(path)).hex()
    if kind == stat.S_IFREG:
        with open(path, "rb") as file:
            told["content"] = hashlib.file_digest(file, "sha256").hexdigest()
    if kind != stat.S_IFDIR and about.st_nlink > 1:
        told["names"] = names.setdefault((about.st_dev, about.st_ino), len(names))
    return told


def main(root):
    files, names = {}, {}
    for folder, folders, others in os.walk(os.fsencode(root)):
        folders.sort()
        for name in sorted(folders + others):
            path = os.path.join(folder, name)
            files[os.fsdecode(os.path.relpath(path, os.fsencode(root)))] = path
    told = {path: describe(files[path], names) for path in sorted(files)}
    json.dump(told, sys.stdout, sort_keys=True, indent=0)


main(sys.argv[1])
