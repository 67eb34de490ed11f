import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCases } from "../../src/codec/exact/testing/zstd-cases.ts";
import { GoFlate } from "./go-flate.ts";
import { zstdMaker, zstdMakers } from "./klauspost-makers.ts";
import { repository } from "./run.ts";

/**
 * `npx node test/support/zstd-goldens.ts GO` asks klauspost/compress/zstd, in the versions that should agree one after the other, for what it
 * makes of the inputs in `zstd-cases.ts` at its levels, and keeps sizes and digests by the encoder's id where they do.
 */
const file = join(repository, "src", "codec", "exact", "zstd", "goldens.json");
const [, , go = "go"] = process.argv;

async function ask(version: string, level: number): Promise<[size: number, sha256: string]> {
  const folder = await mkdtemp(join(tmpdir(), "zstd-goldens-"));
  const zstd = await GoFlate.start(go, folder, zstdMaker(version));
  const hash = createHash("sha256");
  let size = 0;
  for (const input of zstdCases.flatMap((made) => made())) {
    const packed = await zstd.deflate(level, input);
    size += packed.length;
    hash.update(packed);
  }
  await zstd.stop();
  await rm(folder, { recursive: true });
  return [size, hash.digest("hex")];
}

const goldens: Record<string, [size: number, sha256: string]> = {};
for (const { id, level, versions } of zstdMakers) {
  const answers = new Set<string>();
  for (const version of versions) answers.add(JSON.stringify(await ask(version, level)));
  if (answers.size !== 1) throw new Error(`the makers of ${id} do not agree`);
  for (const answer of answers) goldens[id] = JSON.parse(answer) as [number, string];
  console.log(id);
}
await writeFile(file, `${JSON.stringify(goldens, undefined, 1)}\n`);
