/** `same-image.ts A B`: fails unless two images in skopeo's `dir:` form have one config and the same layer contents. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";

interface Blob {
  digest: string;
  mediaType: string;
}

async function contents(folder: string): Promise<string[]> {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    config: Blob;
    layers: Blob[];
  };
  const found = [manifest.config.digest];
  for (const layer of manifest.layers)
    found.push(await diffId(join(folder, layer.digest.slice(7)), layer.mediaType));
  return found;
}

async function diffId(file: string, mediaType: string): Promise<string> {
  const packed = createReadStream(file);
  const hash = createHash("sha256");
  const unpacked = mediaType.endsWith("gzip")
    ? packed.pipe(createGunzip())
    : mediaType.endsWith("zstd")
      ? packed.pipe(createZstdDecompress())
      : packed;
  for await (const bytes of unpacked) hash.update(bytes as Buffer);
  return hash.digest("hex");
}

const [first = "", second = ""] = process.argv.slice(2);
const [left, right] = [await contents(first), await contents(second)];
if (left.join() !== right.join()) {
  process.stderr.write(`${first} and ${second} differ:\n${left.join(" ")}\n${right.join(" ")}\n`);
  process.exitCode = 1;
}
