"""Makes wheels that look like PyTorch's builds for CPUs and weigh little. Arguments: the folder of an index, then versions as 2.9.0=0.24.0.

What is in them can do what checks and projects ask of torch: a version, ones(), a product of matrices. Each has a library of a megabyte, so
that a second torch on the disk would show.
"""

import random
import sys
import zipfile
from pathlib import Path

TORCH = '''__version__ = "{version}+cpu"


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


def write(index: Path, name: str, version: str, files: dict, requires: list) -> None:
    folder = index / name
    folder.mkdir(parents=True, exist_ok=True)
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


def main(index: Path, versions: list) -> None:
    for one in versions:
        torch, vision = one.split("=")
        library = random.Random(torch).randbytes(1 << 20)
        files = {"torch/__init__.py": TORCH.format(version=torch).encode(), "torch/lib/libtorch_cpu.so": library}
        write(index, "torch", f"{torch}+cpu", files, ["typing-extensions>=4.8.0", "filelock"])
        companion = b"import torch\n"
        write(index, "torchvision", f"{vision}+cpu", {"torchvision/__init__.py": companion}, [f"torch=={torch}"])
        write(index, "torchaudio", f"{torch}+cpu", {"torchaudio/__init__.py": companion}, [f"torch=={torch}"])
    for page in index.iterdir():
        links = [f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>' for wheel in sorted(page.glob("*.whl"))]
        (page / "index.html").write_text("\n".join(links) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
