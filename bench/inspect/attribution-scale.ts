import { attributePackages } from "../../src/inspect/attribute.ts";
import type { ImageView } from "../../src/inspect/image-view.ts";
import type { InventoryEntry } from "../../src/inspect/inventory.ts";
import { stackLayers } from "../../src/inspect/stack.ts";
import { digestOf } from "../../src/oci/digest.ts";

const filesPerPackage = 60;
const filesPerFolder = 8;

/** A view as large as images get: packages of dpkg and of pip, half of each, with 60 files each. */
function largeView(packages: number): ImageView {
  const texts = new Map<string, Buffer>();
  const entries: InventoryEntry[] = [];
  const add = (path: string, text?: string): void => {
    entries.push({ ...plainEntry, path });
    if (text !== undefined) texts.set(path, Buffer.from(text));
  };
  let status = "";
  for (let i = 0; i < packages; i++) {
    const top = i % 2 === 0 ? `usr/lib/x86_64-linux-gnu/package-${i}` : `package_${i}`;
    const paths = Array.from(
      { length: filesPerPackage },
      (_, j) => `${top}/part-${Math.floor(j / filesPerFolder)}/file-${j}.py`,
    );
    if (i % 2 === 0) {
      for (const path of paths) add(path);
      add(`var/lib/dpkg/info/package-${i}.list`, paths.map((path) => `/${path}\n`).join(""));
      status += `Package: package-${i}\nStatus: install ok installed\nVersion: 1\n\n`;
    } else {
      for (const path of paths) add(`${site}/${path}`);
      const lines = paths.map((path) => `${path},sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n`);
      add(`${site}/package_${i}-1.dist-info/RECORD`, lines.join(""));
      add(`${site}/package_${i}-1.dist-info/METADATA`, `Name: package_${i}\nVersion: 1\n`);
    }
  }
  add("var/lib/dpkg/status", status);
  return stackLayers([{ diffId: digestOf(Buffer.alloc(0)), size: 0, entries, texts }]);
}

const site = "opt/venv/lib/python3.12/site-packages";
const plainEntry: InventoryEntry = {
  path: "",
  type: "file",
  size: 1,
  tarSize: 1024,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  linkPath: "",
  hash: "00000000000000000000000000000000",
  xattrs: "",
};

/** One sentence: how long the first attribution of a large image takes in this process, and the median of more. */
export function measureScale(packages = 5000, runs = 7): string {
  const times: number[] = [];
  let files = 0;
  for (let i = 0; i < runs; i++) {
    const view = largeView(packages);
    const start = performance.now();
    files = attributePackages(view).size;
    times.push(performance.now() - start);
  }
  const [first = 0] = times;
  const median = times.sort((a, b) => a - b)[runs >> 1] ?? 0;
  return `${files.toLocaleString("en")} files in ${packages.toLocaleString("en")} packages take ${Math.round(first)} ms the first time, ${Math.round(median)} ms in the median of ${runs}.`;
}
