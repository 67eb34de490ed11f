import type { Command, OptionSpecs } from "../command.ts";
import { wrap } from "../../report/text.ts";
import { environment, globalOptions } from "../globals.ts";

const statuses: [string, string][] = [
  ["0", "done"],
  ["1", "the answer is no: some of several images failed, or a check found something"],
  ["2", "wrong usage"],
  ["3", "it could not be done; standard error has one sentence and what to do about it"],
];

/** The page of one command, laid out as a man page. */
export function commandHelp(command: Command, width: number): string {
  const examples = command.examples.map(
    (one) => `${wrap(`${one.text}:`, width, "    ")}\n\n        ${one.command}`,
  );
  return page([
    ["NAME", `    ddiff ${command.name} - ${command.summary}`],
    synopsis(command),
    ["DESCRIPTION", paragraphs(command.description, width)],
    ...parameters(command, width),
    ["EXAMPLES", examples.join("\n\n")],
    ["EXIT STATUS", definitions(statuses, width)],
  ]);
}

/** The part of a command's page that its documentation repeats: how it is written, its arguments and options. */
export function commandReference(command: Command, width: number): string {
  return page([synopsis(command), ...parameters(command, width)]);
}

function synopsis(command: Command): [string, string] {
  return ["SYNOPSIS", command.usage.map((line) => `    ddiff ${line}`).join("\n")];
}

function parameters(command: Command, width: number): [string, string][] {
  const sections: [string, string][] = [];
  if (command.arguments.length > 0) {
    const rows = command.arguments.map((one): [string, string] => [
      one.name + (one.many === true ? "..." : ""),
      one.help,
    ]);
    sections.push(["ARGUMENTS", definitions(rows, width)]);
  }
  if (Object.keys(command.options).length > 0) sections.push(["OPTIONS", optionList(command.options, width)]);
  const where = command.passThrough === true ? ` (before the word "${command.name}")` : "";
  sections.push([`COMMON OPTIONS${where}`, optionList(globalOptions, width)]);
  return sections;
}

/** What `ddiff help` and `ddiff --help` print: the commands, the options they share, places, the environment. */
export function overview(commands: readonly Command[], width: number): string {
  const rows = commands.map((one): [string, string] => [one.name, one.summary]);
  return page([
    ["NAME", "    ddiff - move container images by what changed"],
    ["SYNOPSIS", "    ddiff COMMAND [OPTIONS] [ARGUMENTS]\n    ddiff help COMMAND"],
    [
      "DESCRIPTION",
      paragraphs(
        [
          "ddiff diff writes the difference between two images into one file, a bundle. ddiff load makes the new image from the bundle and the old image, with the same image ID, on a machine that needs no network.",
          "Images may be in Docker, Podman, containerd, a registry, an OCI layout or an archive, in any mix.",
        ],
        width,
      ),
    ],
    ["COMMANDS", definitions(rows, width)],
    [
      "COMMON OPTIONS",
      optionList({ ...globalOptions, version: { short: "V", help: "print the version" } }, width),
    ],
    ["PLACES", definitions(places, width)],
    [
      "ENVIRONMENT",
      definitions(
        environment.map((one): [string, string] => [one.name, one.help]),
        width,
      ),
    ],
    ["EXIT STATUS", definitions(statuses, width)],
  ]);
}

/** How images are named; spelled as in containers-transports(5). */
const places: [string, string][] = [
  ["NAME[:TAG]", "the engine on this machine; the registry at DDIFF_URL where a command says so"],
  ["docker://HOST/NAME[:TAG]", "a registry"],
  ["docker-daemon:NAME[:TAG]", "Docker"],
  ["containers-storage:NAME[:TAG]", "Podman, Buildah, CRI-O"],
  ["containerd:NAME[:TAG]", "containerd"],
  ["oci:FOLDER[:TAG]", "an OCI layout"],
  ["oci-archive:FILE[:TAG]", "an OCI layout in a tar"],
  ["docker-archive:FILE[:NAME:TAG]", 'a file of "docker save"'],
  ["dir:FOLDER", "manifest and blobs in one folder"],
];

function page(sections: readonly [string, string][]): string {
  return `${sections.map(([title, body]) => `${title}\n${body}`).join("\n\n")}\n`;
}

function paragraphs(texts: readonly string[], width: number): string {
  return texts.map((text) => wrap(text, width, "    ")).join("\n\n");
}

function optionList(options: OptionSpecs, width: number): string {
  const rows = Object.entries(options).map(([name, spec]): [string, string] => {
    const short = spec.short === undefined ? "    " : `-${spec.short}, `;
    const many = spec.many === true ? " (may be repeated)" : "";
    const choices = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
    return [
      `${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`,
      spec.help + choices + many,
    ];
  });
  return definitions(rows, width);
}

/** Terms in one column, explanations in the next; a long term has its explanation below it. */
function definitions(rows: readonly [string, string][], width: number): string {
  const column = 4 + Math.min(26, Math.max(...rows.map(([term]) => term.length))) + 2;
  const indent = " ".repeat(column);
  return rows
    .map(([term, text]) => {
      const body = wrap(text, width, indent);
      const head = `    ${term}`;
      return head.length + 2 <= column ? head.padEnd(column) + body.slice(column) : `${head}\n${body}`;
    })
    .join("\n");
}
