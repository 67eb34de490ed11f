import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findTool } from "../test/support/tools.ts";
import { workFolder } from "./images/places.ts";
import { blobPath, type Input } from "./inputs.ts";
import { type Cost, measure, median, Unmeasured } from "./measure.ts";
import type { Peer } from "./peers/peer.ts";
import { tarDiffFolder } from "./peers/tar-diff.ts";
import { machine, type Result } from "./results.ts";

/** Seconds after which a script is stopped, and the seconds under which a run is cheap enough to be repeated. */
const limit = Number(process.env["DDIFF_BENCH_LIMIT"] ?? 1200);
const cheap = 40;
const repeats = 3;

/** Makes, applies and verifies with one peer; three times and the median where that is cheap. */
export async function runPeer(peer: Peer, input: Input): Promise<Result> {
  const result: Result = {
    pair: input.pair.id,
    peer: peer.id,
    key: input.key,
    registryBytes: input.registryBytes,
    runs: 0,
    date: new Date().toISOString().slice(0, 10),
    machine,
  };
  const problem = missingProgram(peer) ?? peer.unfit?.(input);
  if (problem !== undefined) return { ...result, problem };

  const makes: Cost[] = [];
  const applies: Cost[] = [];
  try {
    do {
      const run = await runOnce(peer, input);
      makes.push(run.make);
      applies.push(run.apply);
      result.bytes = run.bytes;
    } while (makes.length < repeats && (makes[0]?.wall ?? 0) + (applies[0]?.wall ?? 0) < cheap);
  } catch (error) {
    if (!(error instanceof Unmeasured)) throw error;
    return { ...result, problem: error.message };
  }
  return { ...result, make: median(makes), apply: median(applies), runs: makes.length };
}

async function runOnce(peer: Peer, input: Input): Promise<{ bytes: number; make: Cost; apply: Cost }> {
  const folder = join(workFolder, "scratch", `${input.pair.id}-${peer.id}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "delta"), { recursive: true });
  const env = {
    old: input.oldAll,
    new: input.newAll,
    oldTars: input.oldTars.join(" "),
    newTars: input.newTars.join(" "),
    oldPacked: input.oldPacked.join(" "),
    newPacked: input.newPacked.join(" "),
    oldLayout: input.oldLayout,
    newLayout: input.newLayout,
    missing: input.missing.map((blob) => blobPath(input.newLayout, blob)).join(" "),
    repository: join(import.meta.dirname, ".."),
    node: process.execPath,
    PATH: [tarDiffFolder, process.env["PATH"]].filter(Boolean).join(delimiter),
  };
  try {
    if (peer.prepare !== undefined) await measure(peer.prepare, folder, env, limit);
    const make = await measure(peer.make, folder, env, limit);
    const bytes = folderBytes(join(folder, "delta"));
    const apply = await measure(peer.apply, folder, env, limit);
    await measure(peer.verify, folder, env, limit);
    return { bytes, make, apply };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function missingProgram(peer: Peer): string | undefined {
  const missing = peer.programs.find(
    (name) =>
      findTool(name) === undefined && !(peer.id.startsWith("tar-diff") && tarDiffFolder !== undefined),
  );
  return missing === undefined ? undefined : `${missing} is not installed`;
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
