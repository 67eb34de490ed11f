"""Lays out Debian's Python, numpy and scipy as conda does: packages in pkgs/, environments of hard links to them,
a record of each package in conda-meta. `lay-conda.py base` makes /opt/conda, `lay-conda.py env NAME` one more
environment whose links lead to the same packages."""

import hashlib
import json
import os
import shutil
import sys

root = "/opt/conda"
site = "lib/python3.11/site-packages"
debian = "/usr/lib/python3/dist-packages"
packages = {
    ("python", "3.11.2", "h2755cc3_0_cpython"): [
        ("/usr/bin/python3.11", "bin/python3.11"),
        ("/usr/lib/python3.11", "lib/python3.11"),
    ],
    ("numpy", "1.24.2", "py311h8e6699e_0"): [(f"{debian}/numpy", f"{site}/numpy")],
    ("scipy", "1.10.1", "py311h1337f1b_0"): [(f"{debian}/scipy", f"{site}/scipy")],
}
archive_sizes = {"python": 30_000_000, "numpy": 7_000_000, "scipy": 15_000_000}


def files_below(folder):
    for parent, folders, files in sorted(os.walk(folder)):
        for name in sorted(files):
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                yield path


def unpack(package, sources):
    """The package's folder in pkgs/, and the archive it came from."""
    name, version, build = package
    folder = f"{root}/pkgs/{name}-{version}-{build}"
    for source, target in sources:
        if os.path.isdir(source):
            for path in files_below(source):
                if "/__pycache__/" in path and name == "python":
                    continue
                place = f"{folder}/{target}/{os.path.relpath(path, source)}"
                os.makedirs(os.path.dirname(place), exist_ok=True)
                shutil.copy2(path, place)
        else:
            os.makedirs(os.path.dirname(f"{folder}/{target}"), exist_ok=True)
            shutil.copy2(source, f"{folder}/{target}")
    with open(f"{folder}.conda", "wb") as archive:
        archive.write(os.urandom(archive_sizes[name]))


def link(prefix, package):
    """The package's files in an environment, as hard links, and conda's record of them."""
    name, version, build = package
    folder = f"{root}/pkgs/{name}-{version}-{build}"
    files, paths = [], []
    for path in files_below(folder):
        short = os.path.relpath(path, folder)
        place = f"{prefix}/{short}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.link(path, place)
        files.append(short)
        with open(path, "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        paths.append({"_path": short, "path_type": "hardlink", "sha256": digest, "size_in_bytes": os.path.getsize(path)})
    os.makedirs(f"{prefix}/conda-meta", exist_ok=True)
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "channel": "https://conda.anaconda.org/conda-forge/linux-64",
        "files": files,
        "link": {"source": folder, "type": 1},
        "paths_data": {"paths": paths, "paths_version": 1},
    }
    with open(f"{prefix}/conda-meta/{name}-{version}-{build}.json", "w") as file:
        json.dump(record, file, indent=2)


def make(prefix):
    for package in packages:
        link(prefix, package)
    os.symlink("python3.11", f"{prefix}/bin/python")
    os.symlink("python3.11", f"{prefix}/bin/python3")
    # Debian's Python looks for site-packages only where it is told.
    with open(f"{prefix}/{site}/../sitecustomize.py", "w") as file:
        file.write(f"import sys\nsys.path.insert(1, '{prefix}/{site}')\n")
    with open(f"{prefix}/conda-meta/history", "w") as file:
        file.write("==> made by lay-conda.py <==\n")


if sys.argv[1] == "base":
    for package, sources in packages.items():
        unpack(package, sources)
    make(root)
else:
    make(f"{root}/envs/{sys.argv[2]}")
