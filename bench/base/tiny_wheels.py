"""Makes wheels that look like PyTorch's builds and weigh little. Arguments: the folder of an index, then versions as 2.9.0=0.24.0, with the
torchvision that goes along. With packages of NVIDIA's, as nvidia-nccl-cu12==2.21.5, they are builds for CUDA 12.4 that pin those, as PyPI has
them, and the packages are made too; without, builds for CPUs.

What is in them can do what checks and projects ask of torch: a version, ones(), a product of matrices. Each has a library of a megabyte, so
that a second torch on the disk would show.
"""

import random
import sys
import zipfile
from pathlib import Path

TORCH = '''from . import version

__version__ = "{version}"


class Tensor:
    def __init__(self, rows):
        self.rows = rows

    def __matmul__(self, other):
        columns = list(zip(*other.rows))
        return Tensor([[sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows])

    def sum(self):
        return sum(map(sum, self.rows))


def ones(rows, columns=1):
    return Tensor([[1.0] * columns for _ in range(rows)])
'''


def write(index: Path, key: str, version: str, files: dict, requires: list) -> None:
    folder = index / key
    folder.mkdir(parents=True, exist_ok=True)
    name = key.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    metadata = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.9\n{metadata}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: ddiff-test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,{len(data)}\n" for path, data in files.items()) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in {**files, f"{info}/RECORD": record.encode()}.items():
            wheel.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), data)


def main(index: Path, words: list) -> None:
    wheels = [one for one in words if "==" in one]
    local, build = ("", "+cu124") if wheels else ("+cpu", "+cpu")
    for one in words:
        if one in wheels:
            continue
        torch, vision = one.split("=")
        files = {
            "torch/__init__.py": TORCH.format(version=torch + build).encode(),
            "torch/version.py": f"cuda = {'12.4' if wheels else None!r}\n".encode(),
            "torch/lib/libtorch_cpu.so": random.Random(torch).randbytes(1 << 20),
        }
        write(index, "torch", torch + local, files, wheels or ["typing-extensions>=4.8.0", "filelock"])
        companion = b"import torch\n"
        write(index, "torchvision", vision + local, {"torchvision/__init__.py": companion}, [f"torch=={torch}"])
        write(index, "torchaudio", torch + local, {"torchaudio/__init__.py": companion}, [f"torch=={torch}"])
    for one in wheels:
        name, version = one.split("==")
        library = f"nvidia/{name.split('-')[1]}/lib/lib{name.split('-')[1]}.so"
        write(index, name, version, {library: random.Random(one).randbytes(1 << 20)}, [])
    for page in index.iterdir():
        links = [f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>' for wheel in sorted(page.glob("*.whl"))]
        (page / "index.html").write_text("\n".join(links) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
