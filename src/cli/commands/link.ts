import { formatBytes } from "../../util/bytes.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { usageError } from "../usage.ts";

const options = {
  base: { value: "FOLDER", complete: "directory", help: "where the base stands" },
  project: {
    value: "DIR",
    complete: "directory",
    help: "the project, the current folder when not said",
  },
  python: { value: "X.Y", help: "for this Python, where the base has several" },
  force: { help: "replace a .venv that ddiff did not make, and remove a second torch" },
  check: { help: "change nothing; tell whether the link is whole" },
} as const;

export const link = defineCommand({
  name: "link",
  summary: "link a project to a torch of a shared base",
  usage: ["link [OPTIONS] [VERSION]", "link --check [OPTIONS]"],
  description: [
    "Gives a project a .venv that sees one of the base's torches and its common packages, and writes only to itself. uv, pip, notebooks and editors work as usual, and never install a second torch or a package of NVIDIA's; a torch that does not fit is an error. Any number of projects can be linked to one torch.",
    "Without VERSION it is the torch that the project was linked to, or the newest that pyproject.toml, requirements.txt and uv.lock allow. Linking again mends; linking to another version switches; what is installed in the project stays.",
    "The base is --base, $DDIFF_BASE, the one that the project is linked to, or /opt/ddiff, where it stands in images. In those, uv_init_torchVERSION does the same without ddiff.",
  ],
  arguments: [{ name: "VERSION", help: "of torch: 2.5.1" }],
  options,
  examples: [
    { text: "The newest torch that fits", command: "ddiff link --base /srv/torch" },
    { text: "That torch, for another folder", command: "ddiff link 2.5.1 --base /srv/torch --project ~/vit" },
    { text: "Whether all is in place", command: "ddiff link --check" },
  ],
  async run(call) {
    const { base, project = ".", python, force, check } = call.options;
    const [version] = call.args;
    if (check && (force || version !== undefined))
      throw usageError("--check takes no version and no --force", "link");
    const { LocalBase } = await import("../../bases/linking.ts");
    const folder = base ?? call.env["DDIFF_BASE"];
    if (check) {
      const tempDir = async (): Promise<string> => (await call.context()).tempDir;
      return checked(await (await LocalBase.openOrStandIn(folder, project, tempDir)).check(project));
    }
    const local = await LocalBase.open(folder, project);
    const done = await local.link(project, { version, python, force });
    return {
      json: done,
      summary: [
        ...(done.note === null ? [] : [done.note]),
        `${done.project} is linked to torch ${done.torch} (Python ${done.python}): ${done.packages} packages of the base, and .venv takes ${formatBytes(done.bytes)}`,
      ],
    };
  },
});

function checked(result: {
  project: string;
  findings: readonly { code: string; text: string; remedy: string }[];
}): Outcome {
  const { project, findings } = result;
  if (findings.length === 0)
    return { json: result, summary: [`${project} is linked, and everything is in place`] };
  const lines = findings.map(({ code, text, remedy }) => `${code}: ${text}. ${remedy}`.trimEnd());
  return { status: 1, json: result, answer: lines.join("\n") };
}
