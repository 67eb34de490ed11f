"""Makes a channel of conda packages: Debian's Python with two libraries, and wheels of pure Python. Arguments: wheels, result."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def pack(channel: Path, tree: Path, index: dict) -> None:
    """One archive of the files below `tree`, with what conda wants to know of them, and its entry in repodata.json."""
    files = sorted(path for path in tree.rglob("*") if path.is_symlink() or path.is_file())
    paths = [
        {
            "_path": str(path.relative_to(tree)),
            "path_type": "softlink" if path.is_symlink() else "hardlink",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size_in_bytes": path.stat().st_size,
        }
        for path in files
    ]
    info = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": paths}),
        "info/files": "".join(f"{path.relative_to(tree)}\n" for path in files),
    }
    if index["subdir"] == "noarch":
        info["info/link.json"] = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
    folder = channel / index["subdir"]
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
    with tarfile.open(folder / name, "w:bz2", compresslevel=1) as archive:
        for path, text in info.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for path in files:
            archive.add(path, path.relative_to(tree))
    data = (folder / name).read_bytes()
    sums = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    listing = folder / "repodata.json"
    repodata = json.loads(listing.read_text())
    repodata["packages"][name] = {**index, **sums}
    listing.write_text(json.dumps(repodata))


def record(name: str, version: str, build: str, subdir: str, depends: list[str]) -> dict:
    noarch = {"noarch": "python"} if subdir == "noarch" else {}
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": depends,
        "subdir": subdir,
        **noarch,
    }


def pack_library(channel: Path, work: Path, name: str, soname: str) -> None:
    tree = work / name
    (tree / "lib").mkdir(parents=True)
    shutil.copy(next(Path("/usr/lib").glob(f"*-linux-gnu/{soname}")), tree / "lib" / soname)
    pack(channel, tree, record(name, "1.0", "0", "linux-64", []))


def pack_python(channel: Path, work: Path) -> None:
    tree = work / "python"
    left = shutil.ignore_patterns("__pycache__", "dist-packages", "EXTERNALLY-MANAGED", "config-*")
    library = tree / "lib" / f"python{PYTHON}"
    shutil.copytree(f"/usr/lib/python{PYTHON}", library, ignore=left)
    # Debian's Python looks for packages in dist-packages.
    (library / "sitecustomize.py").write_text(
        f'import site\nimport sys\n\nsite.addsitedir(f"{{sys.prefix}}/lib/python{PYTHON}/site-packages")\n'
    )
    program = tree / "bin" / f"python{PYTHON}"
    program.parent.mkdir()
    shutil.copy(f"/usr/bin/python{PYTHON}", program)
    subprocess.run(["patchelf", "--set-rpath", "$ORIGIN/../lib", program], check=True)
    for name in ("python", "python3"):
        os.symlink(program.name, program.parent / name)
    version = sys.version.split()[0]
    pack(channel, tree, record("python", version, "0_cp313", "linux-64", ["libexpat", "libzlib"]))


def pack_wheel(channel: Path, work: Path, wheel: Path) -> None:
    tree = work / wheel.stem
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree / "site-packages")
    metadata = message_from_bytes(next(tree.glob("site-packages/*.dist-info/METADATA")).read_bytes())
    name = metadata["Name"].lower()
    pack(channel, tree, record(name, metadata["Version"], "py_0", "noarch", ["python"]))


def main(wheels: Path, channel: Path) -> None:
    for subdir in ("linux-64", "noarch"):
        (channel / subdir).mkdir(parents=True)
        empty = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "repodata_version": 1}
        (channel / subdir / "repodata.json").write_text(json.dumps(empty))
    work = Path("/tmp/work")
    pack_library(channel, work, "libexpat", "libexpat.so.1")
    pack_library(channel, work, "libzlib", "libz.so.1")
    pack_python(channel, work)
    for wheel in sorted(wheels.glob("*.whl")):
        pack_wheel(channel, work, wheel)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
