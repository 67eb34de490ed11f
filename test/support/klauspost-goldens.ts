import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blockCases } from "../../src/codec/exact/testing/block-cases.ts";
import { cases } from "../../src/codec/exact/testing/cases.ts";
import { GoFlate, type GoProgram } from "./go-flate.ts";
import { klauspostMakers } from "./klauspost-makers.ts";
import { repository } from "./run.ts";

/**
 * `npx node test/support/klauspost-goldens.ts GO` asks the real programs for what they make of the inputs in `cases.ts` and `block-cases.ts`,
 * those that should agree one after the other, and keeps sizes and digests by the encoder's id where they do. `GO` is from 1.25 on; other
 * toolchains and the versions of klauspost/compress come as modules.
 */
const file = join(repository, "src", "codec", "exact", "klauspost", "goldens.json");
const [, , go = "go"] = process.argv;

async function ask(maker: GoProgram, level: number): Promise<[size: number, sha256: string]> {
  const folder = await mkdtemp(join(tmpdir(), "klauspost-goldens-"));
  const flate = await GoFlate.start(go, folder, maker);
  const hash = createHash("sha256");
  let size = 0;
  const inputs = maker.source === "go-flate" ? Object.values(cases) : blockCases;
  for (const input of inputs.flatMap((made) => made())) {
    const packed = await flate.deflate(level, input);
    size += packed.length;
    hash.update(packed);
  }
  await flate.stop();
  await rm(folder, { recursive: true });
  return [size, hash.digest("hex")];
}

const goldens: Record<string, [size: number, sha256: string]> = {};
for (const { id, level, makers } of klauspostMakers()) {
  const answers = new Set<string>();
  for (const maker of makers) answers.add(JSON.stringify(await ask(maker, level)));
  if (answers.size !== 1) throw new Error(`the makers of ${id} do not agree`);
  for (const answer of answers) goldens[id] = JSON.parse(answer) as [number, string];
  console.log(id);
}
await writeFile(file, `${JSON.stringify(goldens, undefined, 1)}\n`);
