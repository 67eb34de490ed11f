import { writeFile } from "node:fs/promises";
import type { Grouping } from "../../inspect/du/groups.ts";
import type { DiskReport } from "../../inspect/du/report.ts";
import type { PlaceContext } from "../../places/place.ts";
import type { Usage } from "../../places/usage/usage.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { inkFor } from "../output/ink.ts";
import { usageError } from "../usage.ts";

const options = {
  by: {
    value: "WHAT",
    help: "also put images together: repository, user, or label=KEY",
  },
  remove: {
    value: "IMAGE",
    many: true,
    complete: "place",
    help: "say what would be free without this image; several are removed together",
  },
  files: {
    help: "read layers that are not known yet, to find files and packages that are stored several times",
  },
  volumes: { help: "also measure volumes; they may hold millions of files" },
  format: { value: "NAME", choices: ["terminal", "html", "json"], help: "how it is written" },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
} as const;

type DuCall = Call<typeof options>;

export const du = defineCommand({
  name: "du",
  summary: "show what images cost on this machine, and what is there twice",
  usage: ["du [OPTIONS] [PLACE...]"],
  description: [
    "Counts what engines, registries and layouts keep: images, layers, containers, what is kept for builds; what each image alone costs and what it shares, what its removal would really free, which files and packages are stored several times, and which shared base would save most.",
    "Nothing is written and nothing is stopped; engines may work meanwhile. Layers are read only with --files, each once: what is known of it is kept in the cache.",
  ],
  arguments: [
    {
      name: "PLACE",
      many: true,
      complete: "place",
      help: "docker-daemon:, containers-storage:, containerd:, docker://HOST[/REPOSITORY], oci:FOLDER, or the storage folder of Podman or a registry; all engines of this machine when not said",
    },
  ],
  options,
  examples: [
    { text: "All engines of this machine", command: "ddiff du" },
    { text: "What is stored several times, and a plan", command: "ddiff du --files docker-daemon:" },
    { text: "Whose it is", command: "ddiff du --by user" },
    { text: "As a page with pictures", command: "ddiff du --files --format html -o images.html" },
    { text: "Before cleaning up", command: "ddiff du --remove torch-app:1 --remove torch-app:2" },
    { text: "A registry, by what it tells", command: "ddiff du docker://registry.lab:5000" },
    { text: "A registry by its folder, what no tag names included", command: "ddiff du /var/lib/registry" },
  ],
  async run(call) {
    const { by, remove, files, volumes } = call.options;
    const grouping = by === undefined ? undefined : parseGrouping(by);
    const { diskReport } = await import("../../inspect/du/report.ts");
    const context = await call.context();
    const { usages, notes } = await readPlaces(call.args, context, volumes);
    const request = { ...(grouping === undefined ? {} : { grouping }), remove, files };
    return await written(call, await diskReport(usages, request, context, notes));
  },
});

async function readPlaces(
  names: readonly string[],
  context: PlaceContext,
  volumes: boolean,
): Promise<{ usages: Usage[]; notes: string[] }> {
  const { readEngines, readUsage } = await import("../../places/usage/open.ts");
  if (names.length === 0) return await readEngines(context, { volumes });
  const usages: Usage[] = [];
  for (const name of new Set(names)) usages.push(await readUsage(name, context, { volumes }));
  return { usages, notes: [] };
}

/** Throws `USAGE`. */
function parseGrouping(text: string): Grouping {
  if (text === "repository" || text === "user") return { by: text };
  const key = /^label=(.+)$/s.exec(text)?.[1];
  if (key !== undefined) return { by: "label", key };
  throw usageError(`--by takes repository, user or label=KEY, not ${JSON.stringify(text)}`, "du");
}

async function written(call: DuCall, report: DiskReport): Promise<Outcome> {
  const { duHeadline } = await import("../../inspect/reports/du-words.ts");
  const { duJson } = await import("../../inspect/reports/du-json.ts");
  const { output } = call.options;
  const text = await rendered(call, report);
  const json = call.json ? duJson(report) : null;
  if (output === undefined) return { json, ...(text === "" ? {} : { answer: `${text}\n`, raw: true }) };
  await writeFile(output, `${text}\n`);
  return { json, summary: [`${duHeadline(report)}; written to ${output}`] };
}

async function rendered(call: DuCall, report: DiskReport): Promise<string> {
  switch (call.options.format) {
    case "json": {
      const { duJson } = await import("../../inspect/reports/du-json.ts");
      return JSON.stringify(duJson(report), null, 2);
    }
    case "html":
      return (await import("../../inspect/reports/html/du.ts")).duHtml(report);
    default: {
      const { duShort, duTerminal } = await import("../../inspect/reports/du-terminal.ts");
      return call.quiet
        ? duShort(report)
        : duTerminal(report, inkFor(call, call.options.output !== undefined));
    }
  }
}
