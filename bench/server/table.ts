import type { Contender } from "./registries.ts";
import type { Task } from "./tasks.ts";

/** One measurement. `peak` is the server's most memory so far, in bytes; `cpu` its seconds for this task. */
export interface Measured {
  contender: string;
  task: string;
  value: number;
  cpu: number;
  peak: number;
}

/** Medians as a Markdown table: a row for each task, the factor between the two last. */
export function serverTable(
  contenders: readonly Contender[],
  tasks: readonly Task[],
  measured: readonly Measured[],
): string {
  const of = (contender: string, task: string): Measured[] =>
    measured.filter((one) => one.contender === contender && one.task === task);
  const rows = tasks.map(({ id, title, unit }) => {
    const values = contenders.map((contender) => median(of(contender.id, id).map(({ value }) => value)));
    const cpus = contenders.map((contender) => median(of(contender.id, id).map(({ cpu }) => cpu)));
    const cells = values.map((value, i) => `${shown(value)} ${unit} (${(cpus[i] ?? 0).toFixed(1)} s CPU)`);
    const [theirs = 1, ours = 0] = values;
    return `| ${[title, ...cells, `${(ours / theirs).toFixed(1)} ×`].join(" | ")} |`;
  });
  const peaks = contenders.map(({ id }) =>
    Math.max(...measured.filter((one) => one.contender === id).map(({ peak }) => peak)),
  );
  const rounds = of(contenders[0]?.id ?? "", tasks[0]?.id ?? "").length;
  return [
    `| median of ${rounds} rounds | ${contenders.map(({ title }) => title).join(" | ")} | ours against theirs |`,
    "|---|---:|---:|---:|",
    ...rows,
    `| most memory of the server | ${peaks.map((peak) => `${Math.round(peak / 1e6)} MB`).join(" | ")} | |`,
    "",
  ].join("\n");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}
