"""Writes an OCI layout with twelve images: four recipes, each by alice, bob and carol. Nothing of ddiff's own code is used.

usage: images.py FOLDER [gzip]      gzip: no layer is packed with zstd, which Docker does not take from skopeo

train   torch 2.5.1 in one layer that all three share, then numpy, then the owner's files
serve   the owner's files first, and then the very layer of torch 2.5.1 on them
vision  torch 2.6.0, unpacked at another time by each owner: other layers with the same files
odd     packed with zstd: hard links, holes, empty files, names that are no text, removed files and folders, and one layer twice
"""

import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile

SITE = "usr/local/lib/python3.10/site-packages"
OWNERS = ["alice", "bob", "carol"]


def noise(seed, size):
    return random.Random(seed).randbytes(size)


class Layer:
    """A tar that is made entry by entry; all entries have the same time."""

    def __init__(self, mtime=1_700_000_000):
        self.mtime = mtime
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape")
        self.folders = set()

    def entry(self, path, kind=tarfile.REGTYPE, content=b"", link="", mode=0o644):
        parent = os.path.dirname(path)
        if parent and parent not in self.folders:
            self.folders.add(parent)
            self.entry(parent, tarfile.DIRTYPE, mode=0o755)
        if kind == tarfile.DIRTYPE:
            self.folders.add(path)
        info = tarfile.TarInfo(path)
        info.type, info.size, info.linkname, info.mode, info.mtime = kind, len(content), link, mode, self.mtime
        self.tar.addfile(info, io.BytesIO(content))
        return self

    def package(self, name, version, files):
        record = []
        folder = f"{SITE}/{name.replace('-', '_')}-{version}.dist-info"
        for path, content in files.items():
            self.entry(f"{SITE}/{path}", content=content)
            record.append(path)
        own = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "INSTALLER": "pip\n"}
        for file, text in own.items():
            self.entry(f"{folder}/{file}", content=text.encode())
        record += [f"{os.path.basename(folder)}/{file}" for file in [*own, "RECORD"]]
        lines = "".join(f"{path},,\n" for path in record)
        self.entry(f"{folder}/RECORD", content=lines.encode())
        return self

    def finish(self):
        self.tar.close()
        return self.bytes.getvalue()


def system():
    layer = Layer()
    layer.entry("bin/true", content=b"\x7fELF nothing that runs" * 40, mode=0o755)
    layer.entry("usr/lib/libbig.so", content=noise("big", 700_001))
    layer.entry("var/lib/dpkg/info/libbig.list", content=b"/.\n/usr\n/usr/lib\n/usr/lib/libbig.so\n")
    status = "Package: libbig\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n\n"
    layer.entry("var/lib/dpkg/status", content=status.encode())
    return layer.finish()


def torch(version, mtime=1_700_000_000):
    layer = Layer(mtime)
    layer.package("torch", version, {
        "torch/__init__.py": f"__version__ = '{version}'\n".encode(),
        "torch/lib/libtorch_cpu.so": noise(f"torch {version}", 3_000_017),
        # The same in every version.
        "torch/share/LICENSE": noise("licence", 150_000),
    })
    layer.package("nvidia-cublas-cu12", "12.4.5.8", {"nvidia/cublas/lib/libcublas.so.12": noise("cublas", 2_000_003)})
    return layer.finish()


def numpy():
    return Layer().package("numpy", "1.26.4", {"numpy/__init__.py": b"", "numpy/core.so": noise("numpy", 1_300_000)}).finish()


def app(owner):
    return Layer().entry("app/main.py", content=f"print('{owner}')\n".encode()).entry(
        "app/model.bin", content=noise(owner, 250_000)
    ).finish()


def odd():
    layer = Layer()
    layer.entry("odd/first", content=noise("linked", 300_000))
    layer.entry("odd/second", tarfile.LNKTYPE, link="odd/first")
    layer.entry("odd/third", tarfile.LNKTYPE, link="odd/first")
    layer.entry("odd/holes", content=b"\0" * 2_000_000 + b"end")
    layer.entry("odd/empty")
    layer.entry("odd/red\x1b[31m\nname", content=b"a name that would colour the terminal")
    layer.entry("odd/caf\udce9", content=b"a name in Latin-1")
    layer.entry("odd/link", tarfile.SYMTYPE, link="first")
    layer.entry("old/removed", content=noise("removed", 400_000))
    layer.entry("gone/a", content=noise("gone", 120_000))
    layer.entry("gone/b", content=b"b")
    return layer.finish()


def removing():
    return Layer().entry("old/.wh.removed").entry("gone/.wh..wh..opq").entry("gone/c", content=b"c").finish()


def recipes(owner, number):
    late = 1_700_000_000 + number * 1000
    return {
        "train": [system(), torch("2.5.1"), numpy(), app(owner)],
        "serve": [system(), app(owner), torch("2.5.1")],
        "vision": [system(), torch("2.6.0", late), numpy()],
        "odd": [system(), odd(), removing(), system(), app(owner)],
    }


class Layout:
    def __init__(self, folder, packing):
        self.folder = folder
        self.packing = packing
        self.entries = []
        self.packed = {}
        os.makedirs(f"{folder}/blobs/sha256", exist_ok=True)

    def blob(self, content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        with open(f"{self.folder}/blobs/sha256/{digest}", "wb") as file:
            file.write(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def layer(self, tar, zstd):
        key = (hashlib.sha256(tar).hexdigest(), zstd)
        if key not in self.packed:
            if zstd:
                packed = subprocess.run(["zstd", "-q", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout
            else:
                packed = gzip.compress(tar, 1, mtime=0)
            kind = "zstd" if zstd else "gzip"
            self.packed[key] = self.blob(packed, f"application/vnd.oci.image.layer.v1.tar+{kind}")
        return self.packed[key]

    def image(self, recipe, owner, tars):
        steps = [{"created_by": f"RUN step {at} of {recipe} # buildkit"} for at in range(len(tars))]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Labels": {"owner": owner}, "Cmd": ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
            "history": steps,
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
            "layers": [self.layer(tar, recipe == "odd" and self.packing == "zstd") for tar in tars],
        }
        entry = self.blob(json.dumps(manifest).encode(), manifest["mediaType"])
        names = [f"{recipe}:{owner}", *([f"{recipe}:latest"] if owner == "alice" else [])]
        for name in names:
            annotations = {
                "org.opencontainers.image.ref.name": name,
                "io.containerd.image.name": f"docker.io/library/{name}",
            }
            self.entries.append({**entry, "annotations": annotations})

    def finish(self):
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": self.entries}
        for name, value in {"index.json": index, "oci-layout": {"imageLayoutVersion": "1.0.0"}}.items():
            with open(f"{self.folder}/{name}", "w") as file:
                json.dump(value, file)


def main(folder, packing="zstd"):
    layout = Layout(folder, packing)
    for number, owner in enumerate(OWNERS):
        for recipe, tars in recipes(owner, number).items():
            layout.image(recipe, owner, tars)
    layout.finish()


main(*sys.argv[1:])
