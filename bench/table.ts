import type { Cost } from "./measure.ts";
import type { Pair } from "./images/pairs.ts";
import type { Peer } from "./peers/peer.ts";
import type { Result } from "./results.ts";

/** The results of one pair as a Markdown table, one row for each peer. */
export function pairTable(pair: Pair, peers: readonly Peer[], results: readonly Result[]): string {
  const rows = peers.flatMap((peer) => {
    const result = results.find((candidate) => candidate.pair === pair.id && candidate.peer === peer.id);
    return result === undefined ? [] : [row(peer, result)];
  });
  const registry = results.find((result) => result.pair === pair.id)?.registryBytes;
  return [
    `### (${pair.id}) ${pair.title}`,
    "",
    registry === undefined ? "Not measured." : `A registry would send ${megabytes(registry)}.`,
    "",
    "| tool | bytes | of the registry's | make: CPU / wall / memory | apply: CPU / wall / memory | runs | measured |",
    "|---|---:|---:|---:|---:|---:|---|",
    ...rows,
    "",
  ].join("\n");
}

function row(peer: Peer, result: Result): string {
  const { bytes, make, apply } = result;
  if (bytes === undefined || make === undefined || apply === undefined)
    return `| ${peer.title} | – | – | ${result.problem ?? "not measured"} | – | – | ${result.date} |`;
  const share = `${((100 * bytes) / result.registryBytes).toPrecision(3)} %`;
  const cells = [
    peer.title,
    bytes.toLocaleString("en"),
    share,
    cost(make),
    cost(apply),
    result.runs,
    result.date,
  ];
  return `| ${cells.join(" | ")} |`;
}

function cost({ cpu, wall, rss }: Cost): string {
  return `${seconds(cpu)} / ${seconds(wall)} / ${Math.round(rss / 1e6)} MB`;
}

function seconds(value: number): string {
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
