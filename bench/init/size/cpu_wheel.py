"""Makes PyTorch for CPUs of PyPI's torch for x86_64, which is the build for CUDA. Arguments: the wheel, the folder for the result.

The libraries of CUDA go, and the dependencies on NVIDIA's packages with them. What is left still asks for some of their symbols when it is
loaded, and never calls them on a machine without a GPU: a library of empty functions answers for all of them. So it runs.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CUDA_ONLY = re.compile(r"^torch/lib/lib(?:\w*cuda\w*|torch_nvshmem|caffe2_nvrtc)\.so")
NVIDIA = re.compile(rb"^Requires-Dist: (?:nvidia-|triton).*\n", re.MULTILINE)
LIBRARY = re.compile(r"^torch/(?:lib/)?[^/]+\.so(?:\.\d+)*$")
SYSTEM = ("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2")


def read_symbols(which: str, libraries: list[Path]) -> set[str]:
    """The names in the libraries' dynamic tables, without versions; `which` is an option of nm. Weak ones need nobody to define them."""
    printed = subprocess.run(["nm", "-D", "-P", which, *libraries], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in printed.splitlines() if not line.endswith(":")]
    undefined = which == "--undefined-only"
    return {row[0].split("@")[0] for row in rows if len(row) > 1 and not (undefined and row[1] in "wv")}


def read_needed(library: Path) -> set[str]:
    printed = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^\s+NEEDED\s+(\S+)$", printed, re.MULTILINE))


def define(symbol: str) -> str:
    """C for something harmless of that name."""
    if symbol.startswith("_ZTI"):
        # Classes of C++ are registered by their names.
        return f'void *const {symbol}[4] = {{_ZTVN10__cxxabiv117__class_type_infoE + 16, "{symbol[4:]}", 0, 0}};'
    if symbol.startswith("_ZTV"):
        return f"void *const {symbol}[64] = {{0}};"
    if symbol == "_ZN4c10d15get_gil_checkerEv":
        # Answers a reference, which is written to when the library is loaded.
        return f"static void *checker; void **{symbol}(void) {{ return &checker; }}"
    no_device = 100  # cudaErrorNoDevice
    return f"long {symbol}(void) {{ return {no_device if symbol.startswith('cuda') else 0}; }}"


def make_stubs(kept: list[Path], folder: Path) -> list[Path]:
    """Libraries under the names that the kept ones ask for: the first has every symbol, the others have none."""
    system = [Path(path) for path in map(find_system, SYSTEM)]
    missing = read_symbols("--undefined-only", kept) - read_symbols("--defined-only", kept + system)
    missing = sorted(symbol for symbol in missing if not re.match(r"_?Py", symbol))
    source = folder / "stubs.c"
    lines = ["extern char _ZTVN10__cxxabiv117__class_type_infoE[];", *map(define, missing)]
    names = set().union(*map(read_needed, kept)) - {path.name for path in kept}
    made = []
    for name in sorted(name for name in names if re.search("cu|nv", name)):
        source.write_text("\n".join(lines) + "\n")
        compile_one = ["gcc", "-w", "-s", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", folder / name, source]
        subprocess.run([*compile_one, "-lstdc++"], check=True)
        made.append(folder / name)
        lines = []
    return made


def find_system(name: str) -> str:
    return subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()


def main(wheel: Path, folder: Path) -> None:
    name, version, tags = wheel.name.split("-", 2)
    folder.mkdir(parents=True, exist_ok=True)
    result = folder / f"{name}-{version}+cpu-{tags}"
    with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(wheel) as source, zipfile.ZipFile(
        result, "w", zipfile.ZIP_DEFLATED, compresslevel=6
    ) as target:
        kept = []
        for member in source.infolist():
            if CUDA_ONLY.match(member.filename):
                continue
            data = source.read(member)
            if member.filename.endswith(".dist-info/METADATA"):
                data = NVIDIA.sub(b"", data)
                data = data.replace(f"\nVersion: {version}\n".encode(), f"\nVersion: {version}+cpu\n".encode(), 1)
            if LIBRARY.match(member.filename):
                kept.append(Path(work) / Path(member.filename).name)
                kept[-1].write_bytes(data)
            member.filename = member.filename.replace(f"{name}-{version}.dist-info", f"{name}-{version}+cpu.dist-info", 1)
            target.writestr(member, data)
        stubs = Path(work) / "stubs"
        stubs.mkdir()
        for stub in make_stubs(kept, stubs):
            target.write(stub, f"torch/lib/{stub.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
