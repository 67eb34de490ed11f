import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSection } from "./document.ts";
import { run } from "./images/command.ts";
import { pairs } from "./images/pairs.ts";
import { dropInput, prepareInput } from "./inputs.ts";
import { drawSaving } from "./picture.ts";
import { peers } from "./peers/all.ts";
import { keepResult, readResults } from "./results.ts";
import { runPeer } from "./run-peer.ts";
import { pairTable } from "./table.ts";

/** An empty list means all; `zstd` means every peer whose id begins so. */
const wanted = (list: string, id: string): boolean =>
  list === "" || list.split(",").some((name) => id === name || id.startsWith(`${name}-`));

/** Measures the pairs of images with every tool, and writes tables and picture into docs/. */
export async function benchPairs(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: "" },
      peers: { type: "string", default: "" },
      // Measures only what has no result yet for these very images.
      cached: { type: "boolean", default: false },
    },
  });

  const chosenPairs = pairs.filter((pair) => wanted(values.only, pair.id));
  const chosenPeers = peers.filter((peer) => wanted(values.peers, peer.id));

  // As it is installed: the built program, not its source.
  if (chosenPeers.some((peer) => peer.id.startsWith("ddiff")))
    await run(process.execPath, [join(import.meta.dirname, "..", "scripts", "build.ts")]);

  for (const pair of chosenPairs) {
    const input = await prepareInput(pair);
    for (const peer of chosenPeers) {
      const earlier = readResults().find((result) => result.pair === pair.id && result.peer === peer.id);
      if (values.cached && earlier?.key === input.key) continue;
      process.stderr.write(`(${pair.id}) ${peer.title}\n`);
      keepResult(await runPeer(peer, input));
    }
    dropInput(input);
    process.stdout.write(`${pairTable(pair, peers, readResults())}\n`);
  }
  writeSection(
    "benchmarks.md",
    "pairs",
    pairs.map((pair) => pairTable(pair, peers, readResults())),
  );
  drawSaving(readResults());
}
