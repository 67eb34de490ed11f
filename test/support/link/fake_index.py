"""Makes package indexes of tiny wheels, with torches among them. Arguments: a folder for the indexes, wheels that go in as they are.

What is real about them is what uv and pip look at: names, versions, tags, requirements, entry points, RECORD. `pypi` stands for PyPI, with
torch under its plain versions; `pytorch` for PyTorch's index of one CUDA, with the same torches under versions like 2.5.1+cu124, for
another CUDA. Each index is a folder with a `simple` one in it (PEP 503).
"""

import base64
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

PYTHON = "cp%d%d" % sys.version_info[:2]
ANY = "py3-none-any"
BINARY = f"{PYTHON}-{PYTHON}-linux_x86_64"
LIBRARY = "py3-none-manylinux2014_x86_64"

#: torch's versions, and cuBLAS's for the CUDA of PyPI's build and of PyTorch's.
TORCHES = {"2.4.1": ("12.1.3.1", "12.4.2.65"), "2.5.1": ("12.4.5.8", "12.4.5.8"), "2.6.0": ("12.6.4.1", "12.4.5.8"), "2.7.0": ("12.8.4.1", "12.8.4.1")}
LOCAL = "+cu124"


def wheel(folder: Path, name: str, version: str, files: dict, requires: list = [], tag: str = ANY, programs: str = "") -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    # An empty line and prose, as real ones have: nothing of it is read.
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}\nRequires-Dist: not-a-header\n"
    members = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"}
    if programs:
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{programs}\n"
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as archive:
        for place, text in members.items():
            data = text.encode()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{place},sha256={digest},{len(data)}\n")
            archive.writestr(place, data)
        archive.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))


def torch(folder: Path, version: str, cublas: str, local: str) -> None:
    files = {
        "torch/__init__.py": f"import numpy\nfrom .version import __version__\n",
        "torch/version.py": f"__version__ = '{version}{local}'\ncuda: str = '12.4'\n",
        "torch/run.py": "def main():\n    print('torchrun')\n",
        "torch/lib/libtorch.so": "t" * 400_000,
        "torchgen/__init__.py": "",
    }
    needs = [f'nvidia-cublas-cu12=={cublas}; platform_system == "Linux"', "triton==3.1.0", "sympy==1.13.1", "numpy"]
    wheel(folder, "torch", version + local, files, needs, BINARY, "torchrun = torch.run:main")
    vision = f"0.{version[2:]}{local}"
    wheel(folder, "torchvision", vision, {"torchvision/__init__.py": "import torch\n"}, [f"torch=={version}", "numpy"], BINARY)


def make_pypi(folder: Path) -> None:
    for version, (cublas, _) in TORCHES.items():
        torch(folder, version, cublas, "")
    for version in sorted({one for both in TORCHES.values() for one in both}):
        files = {"nvidia/__init__.py": "", "nvidia/cublas/__init__.py": "", "nvidia/cublas/lib/libcublas.so.12": "c" * 300_000}
        wheel(folder, "nvidia-cublas-cu12", version, files, [], LIBRARY)
    wheel(folder, "nvidia-dali", "1.0", {"nvidia/dali/__init__.py": "name = 'dali'\n"}, [], LIBRARY)
    wheel(folder, "triton", "3.1.0", {"triton/__init__.py": ""}, [], BINARY)
    for version in ("1.26.4", "2.1.0"):
        files = {"numpy/__init__.py": f"__version__ = '{version}'\n", "numpy/f2py.py": f"def main():\n    print('f2py of {version}')\n"}
        wheel(folder, "numpy", version, files, [], ANY, "f2py = numpy.f2py:main")
    for version in ("1.13.1", "1.14.0"):
        wheel(folder, "sympy", version, {"sympy/__init__.py": f"__version__ = '{version}'\n"})
    data = "jupyterlab-4.0.data"
    lab = {
        "jupyterlab/__init__.py": "",
        f"{data}/data/share/jupyter/lab/static/index.html": "lab",
        f"{data}/data/share/jupyter/labextensions/@lab/core/package.json": "{}",
        f"{data}/data/etc/jupyter/server.d/lab.json": "{}",
        f"{data}/scripts/jlpm": "#!python\nimport sys\nprint(sys.prefix)\n",
        "jupyterlab_hook.pth": "import jupyterlab; jupyterlab.hooked = True\n",
    }
    wheel(folder, "jupyterlab", "4.0", lab, ["numpy"])
    widgets = {f"widgets-1.0.data/data/share/jupyter/labextensions/@lab/widgets/package.json": "{}", "widgets/__init__.py": ""}
    wheel(folder, "widgets", "1.0", widgets)
    wheel(folder, "lightning", "2.0", {"lightning/__init__.py": "import torch\n"}, ["torch>=2.1", "numpy>=1.20"])
    for version in ("1.0", "2.0"):
        wheel(folder, "shapes", version, {"shapes.py": ""})
    # uv resolves it for old and new Pythons apart.
    forks = ["torch>=2.1", 'shapes<2; python_version < "3.10"', 'shapes>=2; python_version >= "3.10"']
    wheel(folder, "forks", "1.0", {"forks.py": ""}, forks)
    wheel(folder, "needs-new-torch", "1.0", {"needs_new_torch.py": ""}, ["torch>=2.7"])


def make_index(folder: Path) -> None:
    pages: dict = {}
    for path in sorted(folder.glob("*.whl")):
        pages.setdefault(path.name.split("-")[0].replace("_", "-").lower(), []).append(path.name)
    for name, wheels in pages.items():
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        links = "<br>".join(f'<a href="../../{quote(one)}">{one}</a>' for one in wheels)
        page.write_text(f"<!DOCTYPE html>\n<html><body>{links}</body></html>\n")


def main(folder: Path, more: list) -> None:
    make_pypi(folder / "pypi")
    for version, (_, cublas) in TORCHES.items():
        torch(folder / "pytorch", version, cublas, LOCAL)
    for path in more:
        shutil.copy(path, folder / "pypi")
    make_index(folder / "pypi")
    make_index(folder / "pytorch")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
