import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cases, longCase } from "../../src/codec/exact/testing/cases.ts";
import { GoFlate } from "./go-flate.ts";
import { repository } from "./run.ts";

/**
 * `npx node test/support/go-goldens.ts GO...` asks the compress/flate of each `go` that is named for what it makes of the inputs in `cases.ts`
 * at every level, and keeps sizes and digests where all agree. Toolchains are modules: golang.org/toolchain@v0.0.1-go1.22.12.linux-amd64.
 */
const levels = [-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const longLevels = [1, 2, 6];
const file = join(repository, "src", "codec", "exact", "go", "goldens.json");

/** Sizes and digests by the input's name and level. */
type Goldens = Record<string, Record<string, [size: number, sha256: string]>>;

async function ask(go: string): Promise<Goldens> {
  const folder = await mkdtemp(join(tmpdir(), "go-goldens-"));
  const flate = await GoFlate.start(go, folder);
  const goldens: Goldens = {};
  const add = async (name: string, inputs: Buffer[], level: number): Promise<void> => {
    const packed: Buffer[] = [];
    for (const input of inputs) packed.push(await flate.deflate(level, input));
    const all = Buffer.concat(packed);
    (goldens[name] ??= {})[level] = [all.length, createHash("sha256").update(all).digest("hex")];
  };
  for (const [name, inputs] of Object.entries(cases))
    for (const level of levels) await add(name, inputs(), level);
  for (const level of longLevels) await add("a long input", [longCase()], level);
  await flate.stop();
  await rm(folder, { recursive: true });
  return goldens;
}

const answers = [];
for (const go of process.argv.slice(2)) answers.push(JSON.stringify(await ask(go), undefined, 1));
if (new Set(answers).size !== 1) throw new Error("they do not agree, or none was named");
await writeFile(file, `${answers[0]}\n`);
