import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chunkedCases } from "../../src/codec/exact/testing/chunked-cases.ts";
import { chunkedMakers, chunkedProgram } from "./chunked-makers.ts";
import { buildGoFlate } from "./go-flate.ts";
import { repository } from "./run.ts";

/**
 * `npx node test/support/chunked-goldens.ts GO` asks versions of containers/storage for what they make of the layers in `chunked-cases.ts`, and
 * keeps sizes and digests by version and level.
 */
const [, , go = "go"] = process.argv;
const goldens: Record<string, { id: string; layers: [size: number, sha256: string][] }> = {};
for (const { version, level, id } of chunkedMakers) {
  const folder = await mkdtemp(join(tmpdir(), "chunked-goldens-"));
  const program = await buildGoFlate(go, folder, chunkedProgram(version));
  // Times are written as the clock here says.
  const env = { ...process.env, TZ: "UTC" };
  const layers = chunkedCases.map((made): [number, string] => {
    const packed = execFileSync(program, [`${level}`], { input: made(), maxBuffer: 1 << 28, env });
    return [packed.length, createHash("sha256").update(packed).digest("hex")];
  });
  goldens[`${version}, level ${level}`] = { id, layers };
  await rm(folder, { recursive: true });
  console.log(version, level);
}
const file = join(repository, "src", "codec", "exact", "chunked", "goldens.json");
await writeFile(file, `${JSON.stringify(goldens, undefined, 1)}\n`);
