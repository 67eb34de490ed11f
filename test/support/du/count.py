"""Counts slowly what images cost, by walking every folder and hashing every file. Shares no code with ddiff; its answers are compared with
those of `ddiff du`, byte for byte.

usage: count.py docker|podman|containerd|layout|registry|server FOLDER        the answer is JSON
       count.py allocated FOLDER...                                    bytes that everything below the folders has on disk
"""

import base64
import glob
import gzip
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
from collections import defaultdict


def text(path):
    with open(path) as file:
        return file.read().strip()


def walk(path):
    """Every name below a path and the path itself, as lstat sees it."""
    yield path, os.lstat(path)
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for name in os.listdir(path):
            yield from walk(os.path.join(path, name))


def allocated(*paths):
    """Allocated bytes; each inode once."""
    blocks = {}
    for top in paths:
        if os.path.lexists(top):
            for path, state in walk(os.fsencode(top)):
                blocks[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(blocks.values())


def sha256(stream):
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


class File:
    """A file of a layer: hard links are one and the same object."""

    def __init__(self, size, digest, content):
        self.size, self.digest, self.content = size, digest, content


def files_of_folder(top, whiteouts):
    """What a layer's folder holds, by path: a File, a `link`, a `folder`; and what it removes."""
    found, removed, opaque, inodes = {}, set(), set(), {}
    top = os.fsencode(top)
    for path, state in walk(top):
        name = os.path.relpath(path, top)
        if stat.S_ISCHR(state.st_mode) and state.st_rdev == 0:
            removed.add(name)
        elif stat.S_ISDIR(state.st_mode):
            found[name] = "folder"
            if whiteouts and os.path.exists(path):
                for attribute in ("trusted.overlay.opaque", "user.overlay.opaque"):
                    try:
                        if os.getxattr(path, attribute) == b"y":
                            opaque.add(name)
                    except OSError:
                        pass
        elif stat.S_ISREG(state.st_mode):
            if state.st_ino not in inodes:
                with open(path, "rb") as file:
                    content = file.read()
                inodes[state.st_ino] = File(len(content), hashlib.sha256(content).hexdigest(), content)
            found[name] = inodes[state.st_ino]
        else:
            found[name] = "link"
    return found, removed, opaque


def files_of_tar(packed):
    if packed[:4] == b"\x28\xb5\x2f\xfd":
        packed = subprocess.run(["zstd", "-q", "-d", "-c"], input=packed, stdout=subprocess.PIPE, check=True).stdout
    elif packed[:2] == b"\x1f\x8b":
        packed = gzip.decompress(packed)
    found, removed, opaque = {}, set(), set()
    with tarfile.open(fileobj=io.BytesIO(packed), encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            name = os.fsencode(os.path.normpath(member.name))
            folder, base = os.path.split(name)
            if base == b".wh..wh..opq":
                opaque.add(folder)
            elif base.startswith(b".wh."):
                removed.add(os.path.join(folder, base[4:]))
            elif member.isdir():
                found[name] = "folder"
            elif member.islnk():
                found[name] = found[os.fsencode(os.path.normpath(member.linkname))]
            elif member.isreg():
                content = tar.extractfile(member).read()
                found[name] = File(len(content), hashlib.sha256(content).hexdigest(), content)
            else:
                found[name] = "link"
    return found, removed, opaque


def merge(layers):
    """The layers on each other: path to (stored layer, file)."""
    view = {}
    for stored, (found, removed, opaque) in layers:
        for path in list(view):
            if any(path == one or path.startswith(one + b"/") for one in removed):
                del view[path]
            elif any(path.startswith(one + b"/") for one in opaque):
                del view[path]
        for path, file in found.items():
            view[path] = (stored, file)
    return view


def packages_in(view):
    """Packages of Python by RECORD, and of Debian by .list: (kind, name, version, python) to their paths."""
    owned = defaultdict(set)
    for path, (_, file) in view.items():
        match = re.search(rb"^(.*/python(\d\.\d+)/site-packages)/([^/]+)\.dist-info/RECORD$", path)
        if match and isinstance(file, File):
            site, python = match[1], match[2].decode()
            metadata = view[site + b"/" + match[3] + b".dist-info/METADATA"][1].content.decode()
            fields = dict(line.split(": ", 1) for line in metadata.split("\n") if ": " in line)
            for line in file.content.decode().splitlines():
                owned["python", fields["Name"], fields["Version"], python].add(site + b"/" + line.split(",")[0].encode())
    status = view.get(b"var/lib/dpkg/status")
    if status:
        for stanza in status[1].content.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.split("\n") if ": " in line)
            if "Package" in fields:
                names = view[b"var/lib/dpkg/info/%s.list" % fields["Package"].encode()][1].content.decode().split()
                own = {path for path in view if path.startswith(b"var/lib/dpkg/info/%s." % fields["Package"].encode())}
                owned["dpkg", fields["Package"], fields["Version"], ""] |= own | {name[1:].encode() for name in names}
    return owned


class Place:
    """Parts with their bytes, and who needs which."""

    def __init__(self):
        self.parts = {}
        self.kinds = {}
        self.images = {}
        self.labels = {}
        self.containers = {}
        self.own = defaultdict(set)
        # By image: (stored layer, what gives its files), bottom first.
        self.layers = {}

    def holders(self, part):
        return [name for name, parts in self.images.items() if part in parts]

    def used(self, part):
        return any(part in parts for parts in self.containers.values())

    def sum(self, parts):
        return sum(self.parts[part] for part in parts)

    def purposes(self):
        sums = {"images": 0, "containers": 0, "orphaned": 0, "cache": 0, "rest": 0}
        for part, size in self.parts.items():
            if self.holders(part):
                sums["images"] += size
            elif any(part in own for own in self.own.values()):
                sums["containers"] += size
            elif self.used(part):
                sums["orphaned"] += size
            else:
                sums[self.kinds.get(part, "rest")] += size
        return sums

    def answer(self):
        images = {}
        for name, parts in self.images.items():
            own = [part for part in parts if self.holders(part) == [name]]
            images[name] = {
                "bytes": self.sum(parts),
                "unique": self.sum(own),
                "shared": self.sum(parts) - self.sum(own),
                "freed": self.sum(part for part in own if not self.used(part)),
            }
        groups = {}
        for owner in sorted(set(self.labels.values())):
            mine = {name for name in self.images if self.labels[name] == owner}
            parts = set().union(*(self.images[name] for name in mine))
            own = [part for part in parts if set(self.holders(part)) <= mine]
            groups[owner] = {"images": len(mine), "bytes": self.sum(parts), "unique": self.sum(own)}
        return {
            "bytes": sum(self.parts.values()),
            "shared": self.sum(part for part in self.parts if len(self.holders(part)) > 1),
            "purposes": self.purposes(),
            "images": images,
            "groups": groups,
            "containers": {name: self.sum(own) for name, own in self.own.items()},
            **self.contents(),
        }

    def contents(self):
        read, contents, total, files = {}, {}, 0, 0
        packages = defaultdict(lambda: {"images": 0, "files": {}})
        for layers in self.layers.values():
            for stored, make in layers:
                if stored in read:
                    continue
                read[stored] = make()
                for file in {id(one): one for one in read[stored][0].values() if isinstance(one, File)}.values():
                    if file.size:
                        contents[file.digest] = file.size
                        total += file.size
                        files += 1
            view = merge([(stored, read[stored]) for stored, _ in layers])
            for package, paths in packages_in(view).items():
                packages[package]["images"] += 1
                for path in paths:
                    stored, file = view.get(path, (None, None))
                    if isinstance(file, File) and file.size:
                        packages[package]["files"][stored, id(file)] = file
        several = []
        for (kind, name, version, python), found in packages.items():
            bytes = sum(file.size for file in found["files"].values())
            distinct = sum({file.digest: file.size for file in found["files"].values()}.values())
            if bytes > distinct:
                layers = len({stored for stored, _ in found["files"]})
                several.append({"kind": kind, "name": name, "version": version, "python": python,
                                "images": found["images"], "layers": layers, "bytes": bytes, "distinct": distinct})
        return {
            "contents": {"files": files, "bytes": total, "distinctFiles": len(contents), "distinctBytes": sum(contents.values())},
            "packages": sorted(several, key=lambda one: (one["name"], one["version"])),
        }


def chains(diff_ids):
    chain = []
    for diff_id in diff_ids:
        chain.append(diff_id if not chain else "sha256:" + hashlib.sha256(f"{chain[-1]} {diff_id}".encode()).hexdigest())
    return chain


def overlay_part(folder, link_folder):
    link = os.path.join(folder, "link")
    return allocated(folder, *([os.path.join(link_folder, text(link))] if os.path.exists(link) else []))


def docker(root):
    place = Place()
    store = f"{root}/image/overlay2"
    known_folders = {"l"}
    cache_ids, parents = {}, {}
    for folder in glob.glob(f"{store}/layerdb/sha256/*"):
        chain = "sha256:" + os.path.basename(folder)
        cache_ids[chain] = text(f"{folder}/cache-id")
        parents[chain] = text(f"{folder}/parent") if os.path.exists(f"{folder}/parent") else None
        known_folders.add(cache_ids[chain])
        place.parts[chain] = overlay_part(f"{root}/overlay2/{cache_ids[chain]}", f"{root}/overlay2/l") + allocated(folder)
        place.kinds[chain] = "cache"
    names = defaultdict(list)
    for references in json.loads(text(f"{store}/repositories.json"))["Repositories"].values():
        for name, image in references.items():
            if "@" not in name:
                names[image].append(name)
    configs = {"sha256:" + os.path.basename(path): json.loads(text(path)) for path in glob.glob(f"{store}/imagedb/content/sha256/*")}
    made_of = {}
    for image in configs:
        parent = f"{store}/imagedb/metadata/sha256/{image[7:]}/parent"
        made_of[image] = text(parent) if os.path.exists(parent) else None
        place.parts[f"image {image}"] = allocated(f"{store}/imagedb/content/sha256/{image[7:]}", f"{store}/imagedb/metadata/sha256/{image[7:]}")
    for image, config in configs.items():
        if not names[image] and image in made_of.values():
            continue
        name = sorted(names[image])[0] if names[image] else image[7:19]
        layers = chains(config["rootfs"]["diff_ids"] or [])
        parts = {*layers, f"image {image}"}
        step = made_of[image]
        while step and not names[step] and step in configs:
            parts.add(f"image {step}")
            step = made_of[step]
        place.images[name] = parts
        place.labels[name] = (config["config"].get("Labels") or {}).get("owner", "")
        place.layers[name] = [(chain, lambda chain=chain: files_of_folder(f"{root}/overlay2/{cache_ids[chain]}/diff", True)) for chain in layers]
    for folder in glob.glob(f"{root}/containers/*"):
        id = os.path.basename(folder)
        name = json.loads(text(f"{folder}/config.v2.json"))["Name"].lstrip("/")
        mounts = f"{store}/layerdb/mounts/{id}"
        mount, init = text(f"{mounts}/mount-id"), text(f"{mounts}/init-id")
        known_folders |= {mount, init}
        place.parts[f"container {id}"] = overlay_part(f"{root}/overlay2/{mount}", f"{root}/overlay2/l") + allocated(mounts, folder)
        place.parts[f"container {id} init"] = overlay_part(f"{root}/overlay2/{init}", f"{root}/overlay2/l")
        place.own[name] = {f"container {id}", f"container {id} init"}
        place.containers[name] = set(place.own[name])
        chain = text(f"{mounts}/parent") if os.path.exists(f"{mounts}/parent") else None
        while chain:
            place.containers[name].add(chain)
            chain = parents[chain]
    for folder in os.listdir(f"{root}/overlay2"):
        if folder not in known_folders:
            place.parts[folder] = overlay_part(f"{root}/overlay2/{folder}", f"{root}/overlay2/l")
            place.kinds[folder] = "cache"
    place.parts["buildkit"] = allocated(f"{root}/buildkit/content")
    place.kinds["buildkit"] = "cache"
    return place


def podman(root):
    place = Place()
    read = lambda name: json.loads(text(f"{root}/{name}")) if os.path.exists(f"{root}/{name}") else []
    records = {one["id"]: one for one in read("overlay-layers/layers.json") + read("overlay-layers/volatile-layers.json")}

    def chain(id):
        found = []
        while id:
            found.insert(0, id)
            id = records[id].get("parent")
        return found

    containers = read("overlay-containers/containers.json") + read("overlay-containers/volatile-containers.json")
    own = {one["layer"]: one for one in containers}
    for id in records:
        place.parts[id] = overlay_part(f"{root}/overlay/{id}", f"{root}/overlay/l") + allocated(f"{root}/overlay-layers/{id}.tar-split.gz")
        if id in own:
            place.parts[id] += allocated(f"{root}/overlay-containers/{own[id]['id']}")
    images = read("overlay-images/images.json")
    configs = {}
    for image in images:
        folder = f"{root}/overlay-images/{image['id']}"
        name = base64.b64encode(f"sha256:{image['id']}".encode()).decode()
        configs[image["id"]] = json.loads(text(f"{folder}/={name}"))
        place.parts[f"image {image['id']}"] = allocated(folder)

    def is_made_of(image, step):
        ours, its = configs[image["id"]]["history"], configs[step["id"]]["history"]
        return not step.get("names") and len(ours) > len(its) and chain(image["layer"])[: len(chain(step["layer"]))] == chain(step["layer"]) and [
            (one.get("created_by"), one.get("created")) for one in ours[: len(its)]
        ] == [(one.get("created_by"), one.get("created")) for one in its]

    for image in images:
        if not image.get("names") and any(is_made_of(other, image) for other in images):
            continue
        names = [name.removeprefix("localhost/") for name in image.get("names") or []]
        name = sorted(names)[0] if names else image["id"][:12]
        layers = chain(image["layer"])
        place.images[name] = {*layers, f"image {image['id']}", *(f"image {step['id']}" for step in images if is_made_of(image, step))}
        place.labels[name] = (configs[image["id"]]["config"].get("Labels") or {}).get("owner", "")
        place.layers[name] = [(id, lambda id=id: files_of_folder(f"{root}/overlay/{id}/diff", True)) for id in layers]
    for one in containers:
        place.own[one["names"][0]] = {one["layer"]}
        place.containers[one["names"][0]] = set(chain(one["layer"]))
    for folder in os.listdir(f"{root}/overlay"):
        if folder != "l" and folder not in records:
            place.parts[folder] = overlay_part(f"{root}/overlay/{folder}", f"{root}/overlay/l")
    return place


def blobs_place(images, path_of, part_of, all_blobs):
    """`images`: digest of a manifest to its names."""
    place = Place()
    for digest in all_blobs:
        place.parts[digest] = allocated(part_of(digest))
    for digest, names in images.items():
        manifest = json.loads(text(path_of(digest)))
        config = json.loads(text(path_of(manifest["config"]["digest"])))
        name = sorted(names)[0] if names else digest[7:19]
        layers = [layer["digest"] for layer in manifest["layers"]]
        place.images[name] = {digest, manifest["config"]["digest"], *layers}
        place.labels[name] = (config["config"].get("Labels") or {}).get("owner", "")
        place.layers[name] = [(layer, lambda layer=layer: files_of_tar(open(path_of(layer), "rb").read())) for layer in layers]
        place.diff_ids = {**getattr(place, "diff_ids", {}), name: config["rootfs"]["diff_ids"]}
    return place


def layout(root):
    images = defaultdict(list)
    for entry in json.loads(text(f"{root}/index.json"))["manifests"]:
        images[entry["digest"]].append(entry["annotations"]["org.opencontainers.image.ref.name"])
    path = lambda digest: f"{root}/blobs/" + digest.replace(":", "/")
    return blobs_place(images, path, path, ["sha256:" + name for name in os.listdir(f"{root}/blobs/sha256")])


def registry(root):
    top = f"{root}/docker/registry/v2"
    images = defaultdict(list)
    for link in glob.glob(f"{top}/repositories/**/_manifests/tags/*/current/link", recursive=True):
        repository, tag = re.search(r"/repositories/(.*)/_manifests/tags/([^/]+)/current/link$", link).groups()
        images[text(link)].append(f"{repository}:{tag}")
    for link in glob.glob(f"{top}/repositories/**/_manifests/revisions/sha256/*/link", recursive=True):
        images[text(link)] += []
    folder = lambda digest: f"{top}/blobs/sha256/{digest[7:9]}/{digest[7:]}"
    found = ["sha256:" + os.path.basename(path) for path in glob.glob(f"{top}/blobs/sha256/*/*")]
    place = blobs_place(images, lambda digest: f"{folder(digest)}/data", folder, found)
    place.parts["repositories"] = allocated(f"{top}/repositories")
    return place


def server(root):
    images = defaultdict(list)
    for path in glob.glob(f"{root}/objects/manifests/*/*"):
        images[os.path.basename(path).replace("-", ":")] += []
    for path in glob.glob(f"{root}/objects/tags/*/*"):
        repository, tag = path.split("/")[-2:]
        images[json.loads(text(path))["digest"]].append(f"{repository.replace('~', '/')}:{tag}")
    path = lambda digest: f"{root}/blobs/sha256/{digest[7:9]}/{digest[7:]}"
    found = ["sha256:" + os.path.basename(path) for path in glob.glob(f"{root}/blobs/sha256/*/*")]
    place = blobs_place(images, path, path, found)
    place.parts["repositories"] = allocated(f"{root}/objects")
    return place


def containerd(root):
    ctr = lambda *args: subprocess.run(["ctr", *args], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    images = defaultdict(list)
    for line in ctr("images", "ls")[1:]:
        name, _, digest = line.split()[:3]
        images[digest].append(name.removeprefix("docker.io/library/"))
    path = lambda digest: f"{root}/io.containerd.content.v1.content/blobs/" + digest.replace(":", "/")
    found = ["sha256:" + name for name in os.listdir(f"{root}/io.containerd.content.v1.content/blobs/sha256")]
    place = blobs_place(images, path, path, found)
    usage = {line.split()[0]: int(line.split()[1]) for line in ctr("snapshots", "usage", "-b")[1:]}
    parents = {}
    for line in ctr("snapshots", "ls")[1:]:
        words = line.split()
        parents[words[0]] = words[1] if len(words) > 2 else None
    # Which folder is which snapshot's only containerd knows; together they must be what lies there.
    folders = glob.glob(f"{root}/io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs")
    assert sum(usage.values()) == sum(allocated(folder) for folder in folders), "containerd counted other bytes than lie there"
    place.parts |= usage
    for name in place.images:
        place.images[name] |= {chain for chain in chains(place.diff_ids[name]) if chain in usage}
    for id in ctr("containers", "ls", "--quiet"):
        snapshot = json.loads("\n".join(ctr("containers", "info", id)))["SnapshotKey"]
        place.own[id] = {snapshot}
        place.containers[id] = set()
        while snapshot:
            place.containers[id].add(snapshot)
            snapshot = parents[snapshot]
    return place


def main(kind, *folders):
    if kind == "allocated":
        print(sum(allocated(folder) for folder in folders))
    else:
        json.dump(globals()[kind](folders[0]).answer(), sys.stdout)


main(*sys.argv[1:])
