import { readdir } from "node:fs/promises";
import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { addImage, openWorkshop, type Workshop } from "../delta/testing/images.ts";
import { makeTar, type TarSpec } from "../delta/testing/tars.ts";
import { inspectLayers } from "../inspect/read-image.ts";
import { stackLayers } from "../inspect/stack.ts";
import { file, folder, hardlink, symlink } from "../inspect/testing/layers.ts";
import { ociLayoutPlace } from "../places/oci-layout.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { makeSlim, planSlim, type SlimOptions } from "./slim.ts";
import { writeSlim } from "./write.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
});
afterEach(async () => {
  await workshop.close();
});

const options: SlimOptions = {
  drop: [],
  keep: [],
  times: { fix: true, latest: undefined },
  version: "1.0.0",
};

/** Slims an image of these layers; answers the place of the new one. */
async function slim(name: string, layers: TarSpec[][], more: Partial<SlimOptions> = {}): Promise<string> {
  const store = new MemoryStore();
  const image = addImage(
    store,
    layers.map((members) => ({ tar: makeTar(members) })),
  );
  const source = await workshop.open(await workshop.write(store, image, `${name}:old`));
  const asked = { ...options, ...more };
  const planned = await planSlim(source, [], asked, workshop.context);
  const made = await makeSlim(source, planned, asked, workshop.context);
  const place = `${workshop.path(name)}:new`;
  await writeSlim(made.image, ociLayoutPlace(place, workshop.context), workshop.context);
  made.close();
  return `oci:${place}`;
}

/** What a container of the image sees: all that an entry says of each path. */
async function seen(place: string): Promise<Record<string, unknown>> {
  const source = await workshop.open(place);
  const tree = await workshop.read(place);
  const [image] = tree.images;
  if (image === undefined) throw new Error("no image");
  const view = stackLayers((await inspectLayers(source, tree, image, workshop.context)).layers);
  return Object.fromEntries(
    [...view.visible].map(([path, { entry, content }]) => [
      path,
      [
        entry.type === "hardlink" ? "file" : entry.type,
        content.size,
        content.hash,
        content.mode,
        content.uid,
        content.mtime,
        entry.type === "symlink" ? entry.linkPath : "",
        content.xattrs,
      ],
    ]),
  );
}

async function layersOf(place: string): Promise<string[]> {
  return (await workshop.read(place)).images.flatMap(({ layers }) => layers.map(({ diffId }) => diffId));
}

const record = (name: string, files: string[]): TarSpec[] => [
  file(`app/site-packages/${name}-1.0.dist-info/METADATA`, `Name: ${name}\nVersion: 1.0\n`),
  file(`app/site-packages/${name}-1.0.dist-info/RECORD`, files.map((path) => `${path},,\n`).join("")),
  file(`app/site-packages/${name}-1.0.dist-info/INSTALLER`, "pip\n"),
];

/** A package of 21 MiB, installed at a time. */
function heavy(mtime: number): TarSpec[] {
  const library = Buffer.alloc(21 << 20, "torch");
  const byteCode = Buffer.alloc(64, 7);
  byteCode.writeUInt32LE(0, 4);
  byteCode.writeUInt32LE(mtime, 8);
  return [
    { path: "app/site-packages/torch/lib/libtorch.so", bytes: library, mtime, mode: 0o755 },
    file("app/site-packages/torch/__init__.py", "import os\n", { mtime }),
    {
      path: "app/site-packages/torch/__pycache__/__init__.cpython-311.pyc",
      bytes: byteCode,
      mtime,
      mode: 0o644,
    },
    ...record("torch", ["torch/lib/libtorch.so", "torch/__init__.py"]),
  ];
}

/** A Debian system with a heavy library, what needs it, and more packages, each a file. */
function system(more: Record<string, string>): TarSpec[] {
  const all = {
    torch: "Depends: libtorch\n",
    libtorch: "Depends: blas\n",
    blas: "",
    sed: "Essential: yes\n",
    ...more,
  };
  const sizes: Record<string, number> = { libtorch: 21 << 20, blas: 5 << 20 };
  return Object.keys(all).flatMap((name, i) => [
    { path: `usr/lib/${name}`, bytes: Buffer.alloc(sizes[name] ?? 100, name), mode: 0o644 },
    file(`var/lib/dpkg/info/${name}.list`, `/usr/lib/${name}\n`, {
      mtime: 1_700_000_000 + i * Object.keys(all).length,
    }),
    ...(i === 0
      ? [
          file(
            "var/lib/dpkg/status",
            Object.entries(all)
              .map(([one, text]) => `Package: ${one}\nStatus: install ok installed\nVersion: 1\n${text}\n`)
              .join(""),
          ),
        ]
      : []),
  ]);
}

describe("a slim image", () => {
  it("shows a container the same files, with owners, modes, links and attributes", async () => {
    const layers = [
      [
        folder("etc"),
        file("etc/one", "1", { uid: 7, mode: 0o4755, mtime: 1000 }),
        hardlink("etc/two", "etc/one"),
        symlink("etc/three", "one"),
        file("etc/note", "2", { pax: { "SCHILY.xattr.user.note": "x" } }),
      ],
      [folder("srv"), file("srv/gone", "3"), file("srv/big", "4")],
      [file("srv/.wh.gone"), file("srv/big", "4", { uid: 1000 })],
    ];
    const store = new MemoryStore();
    const old = await workshop.write(
      store,
      addImage(
        store,
        layers.map((members) => ({ tar: makeTar(members) })),
      ),
      "same:old",
    );
    expect(await seen(await slim("same", layers))).toEqual(await seen(old));
  });

  it("lacks what is safe to remove, and has what was asked to stay", async () => {
    const layers = [
      [file("var/lib/apt/lists/deb_Packages", "x".repeat(5000)), file("usr/bin/tool", "1")],
      [file("usr/lib/libz.a", "y".repeat(3000))],
    ];
    expect(Object.keys(await seen(await slim("plain", layers)))).not.toContain(
      "var/lib/apt/lists/deb_Packages",
    );
    const kept = Object.keys(await seen(await slim("kept", layers, { keep: ["apt-lists"] })));
    expect(kept).toContain("var/lib/apt/lists/deb_Packages");
    expect(kept).toContain("usr/lib/libz.a");
  });

  it("keeps the modes of folders from which something was removed", async () => {
    const place = await slim("private", [
      [{ path: "root/", flag: "5", mode: 0o700 }, file("root/.profile", "1"), file("usr/bin/tool", "2")],
      [
        { path: "root/", flag: "5", mode: 0o700 },
        folder("root/.cache"),
        folder("root/.cache/pip"),
        file("root/.cache/pip/wheel", "3".repeat(5000)),
      ],
      [
        { path: "home/app/", flag: "5", mode: 0o750, uid: 7 },
        file("home/app/.cache/pip/wheel", "4".repeat(5000)),
      ],
    ]);
    const files = await seen(place);
    expect((files["root"] as unknown[]).slice(3, 5)).toEqual([0o700, 0]);
    expect((files["home/app"] as unknown[]).slice(3, 5)).toEqual([0o750, 7]);
    expect(Object.keys(files)).not.toContain("root/.cache/pip/wheel");
    expect(Object.keys(files)).toContain("root/.cache/pip");
  });

  it("drops links that lead to nothing but what is dropped, and only where they lie among it", async () => {
    const layer = [
      file("usr/share/man/man1/mawk.1.gz", "1".repeat(2000)),
      symlink("etc/alternatives/awk.1.gz", "/usr/share/man/man1/mawk.1.gz"),
      symlink("usr/share/man/man1/awk.1.gz", "/etc/alternatives/awk.1.gz"),
      symlink("usr/share/man/man1/gone.1.gz", "nothing.1.gz"),
      symlink("etc/manual", "../usr/share/man/man1/mawk.1.gz"),
    ];
    const left = Object.keys(await seen(await slim("links", [layer], { drop: ["documentation"] })));
    expect(left.filter((path) => path.endsWith(".gz"))).toEqual(["usr/share/man/man1/gone.1.gz"]);
    expect(left).toContain("etc/manual");
  });

  it("refuses a class that is none, with the nearest", async () => {
    await expect(slim("wrong", [[file("a", "1")]], { drop: ["apt-list"] })).rejects.toMatchObject({
      code: "CLASS_UNKNOWN",
      hint: expect.stringContaining("apt-lists"),
    });
  });

  it("shares the layer of a package that was installed on another day, beside another application", async () => {
    const one = await layersOf(await slim("one", [heavy(1_700_000_000), [file("app/main.py", "1")]]));
    const other = await layersOf(
      await slim("other", [[file("opt/first", "2")], heavy(1_760_000_000), [file("app/serve.py", "3")]]),
    );
    // The package, its byte code, and the records of an environment that has nothing else.
    expect(one.filter((layer) => other.includes(layer))).toHaveLength(3);
    const apart = await layersOf(
      await slim("apart", [heavy(1_760_000_000)], { times: { fix: false, latest: undefined } }),
    );
    expect(one.filter((layer) => apart.includes(layer))).toHaveLength(0);
  });

  it("has the system's packages in the same layers, whatever else is installed beside them", async () => {
    const one = await layersOf(await slim("plain", [system({})]));
    const other = await layersOf(await slim("more", [system({ curl: "Depends: libcurl\n", libcurl: "" })]));
    // All but the other packages, their records, and the records of the whole.
    expect(one.filter((layer) => !other.includes(layer))).toHaveLength(3);
    expect(other.length).toBe(one.length);
  });

  it("keeps byte code valid where its source gets another time", async () => {
    const place = await slim("code", [heavy(1_700_000_000)]);
    const files = await seen(place);
    const path = "app/site-packages/torch/__pycache__/__init__.cpython-311.pyc";
    const again = await seen(await slim("again", [heavy(1_760_000_000)]));
    expect((files["app/site-packages/torch/__init__.py"] as unknown[])[5]).toBe(315_532_800);
    expect((files[path] as unknown[])[2]).toBe((again[path] as unknown[])[2]);
  });

  it("is the same image, byte for byte, when it is made again", async () => {
    const layers = [heavy(1_700_000_000), [file("app/main.py", "1"), folder("empty")]];
    const [one, other] = [
      await workshop.read(await slim("a", layers)),
      await workshop.read(await slim("b", layers)),
    ];
    expect(one.root.digest).toBe(other.root.digest);
  });

  it("leaves no temporary file behind, also where it fails", async () => {
    await slim("done", [[file("a", "1")]]);
    await expect(slim("fails", [[file("a", "1")]], { drop: ["nothing"] })).rejects.toThrow();
    expect(await readdir(workshop.tempDir)).toEqual([]);
  });
});
