import type { EngineProgram, HeldBase } from "../../bases/engine.ts";
import { formatBytes } from "../../util/bytes.ts";
import { DdiffError } from "../../util/errors.ts";
import { isOnPath } from "../build/spawn.ts";
import type { Call, Outcome } from "../command.ts";
import { isOn } from "../paths.ts";

/** Lists the bases of the engine on this machine: what they hold, what they cost, and how many layers each shares with another. */
export async function listBases(call: Call): Promise<Outcome> {
  const { basesIn } = await import("../../bases/engine.ts");
  const engine = engineHere(call.env);
  const found = await basesIn(engine, call.signal);
  if (found.length === 0) return { json: { engine, bases: [] }, summary: [`${engine} has no base`] };
  const { table } = await import("../../report/table.ts");
  const rows = found.map((one) => [
    one.names[0] ?? one.id.slice(0, 19),
    one.torches.join(" "),
    one.pythons.join(" "),
    one.cuda,
    formatBytes(one.bytes),
    sharedLayers(one, found),
  ]);
  return {
    json: { engine, bases: found },
    answer: table([["BASE", "TORCH", "PYTHON", "CUDA", "SIZE", "LAYERS SHARED"], ...rows], [4]),
  };
}

function engineHere(env: Record<string, string | undefined>): EngineProgram {
  const order: readonly EngineProgram[] = isOn(env["DDIFF_FORCE_PODMAN"]) ? ["podman"] : ["docker", "podman"];
  const engine = order.find((one) => isOnPath(one, env));
  if (engine !== undefined) return engine;
  throw new DdiffError("ENGINE_MISSING", `neither ${order.join(" nor ")} is on the PATH`, {
    hint: "Bases in folders are not listed: a base's own base.json says what it holds.",
  });
}

/** `14 of 20`: those that another base has too, which cost nothing more. */
function sharedLayers(base: HeldBase, all: readonly HeldBase[]): string {
  const others = new Set(all.filter((one) => one.id !== base.id).flatMap(({ layers }) => layers));
  return `${base.layers.filter((layer) => others.has(layer)).length} of ${base.layers.length}`;
}
