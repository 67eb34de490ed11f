import { definitionName, readPlan, writeDefinition } from "../base/definition.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { tryOptions } from "../trying.ts";
import { usageError } from "../usage.ts";

const options = {
  file: { short: "f", value: "FILE", complete: "file", help: `the definition, instead of ${definitionName}` },
  cpu: { help: "with init: a base without CUDA, for laptops and CI" },
  "no-link": { help: "with render: without COPY --link, which Buildah before 1.41 does not know" },
  tag: {
    short: "t",
    value: "NAME",
    help: "with build: the image's name, instead of the one with the made tag",
  },
  date: { value: "YYMMDD", help: "with build: the day in the tag, instead of today" },
  folder: {
    value: "FOLDER",
    complete: "directory",
    help: "with build: make the base in a folder of this machine, with uv alone and no engine",
  },
  runner: { ...tryOptions.runner, help: `with check: ${tryOptions.runner.help}` },
  timeout: { ...tryOptions.timeout, help: `with check: ${tryOptions.timeout.help}` },
  "delta-from": {
    value: "BASE",
    many: true,
    complete: "place",
    help: "with publish: store a delta from this base too, for those who have it",
  },
} as const;

type BaseCall = Call<typeof options>;

/** Which options an action has. */
const actions = {
  init: ["cpu", "file"],
  render: ["file", "no-link"],
  build: ["file", "tag", "date", "folder"],
  list: [],
  check: ["runner", "timeout"],
  publish: ["delta-from"],
} as const satisfies Record<string, readonly (keyof typeof options)[]>;

type Action = keyof typeof actions;

export const base = defineCommand({
  name: "base",
  summary: "make one base image with several torch versions, for everybody's projects",
  usage: [
    "base init [--cpu] [FILE]",
    "base render [--file FILE] [--no-link] [FOLDER]",
    "base build [--file FILE] [--tag NAME] [--date YYMMDD] [BUILDER-ARGUMENTS...]",
    "base build --folder FOLDER [--file FILE]",
    "base list",
    "base check [--runner NAME] IMAGE",
    "base publish [--delta-from BASE] IMAGE [PLACE]",
  ],
  description: [
    "A base holds several versions of PyTorch, each in an environment of its own, and the packages that all projects use. Projects built on it link to one of them (uv_init_torch2.5.1 in a Dockerfile, or ddiff link) and store only what is theirs. CUDA's libraries that several versions use lie in it once, and each version in a layer of its own: a version more, or one less, costs only itself.",
    "base.yaml says what it holds: system, CUDA, Pythons, torches, GPUs, packages. It is checked against the catalogue (ddiff catalog): what cannot be is refused, with the reason and the nearest that can.",
    "init writes a base.yaml to begin with. render prints the Dockerfile, or writes it into a folder with all that a builder needs. build builds with docker, podman or buildah, whichever is here or named by the arguments, and tags by CUDA, Python and day: ddiff-base:cu12.4.1-py3.10-torch-251205. With --folder it makes the same on a server without an engine.",
    "list shows the bases that the engine has. check tries each torch of a base, an image in any place or a folder: it has to link to a project, to be imported, to be the version that it says, to see the GPU where there is one, and to be the only one. publish pushes a base to a registry.",
  ],
  arguments: [
    { name: "ACTION", required: true, choices: Object.keys(actions), help: "" },
    {
      name: "WHAT",
      many: true,
      complete: "place",
      help: "what it is done to, as above; with build the builder's command or its arguments, behind --",
    },
  ],
  options,
  examples: [
    { text: "Begin", command: "ddiff base init" },
    { text: "See how it is built", command: "ddiff base render" },
    { text: "Build it", command: "ddiff base build" },
    {
      text: "With a builder of your choice and its options",
      command: "ddiff base build -- buildah build --isolation chroot",
    },
    { text: "On a server without an engine", command: "ddiff base build --folder /srv/ddiff-base" },
    { text: "Does it work?", command: "ddiff base check ddiff-base:cu12.4.1-py3.10-torch-251205" },
    {
      text: "To the registry, for servers that have the base of last month",
      command:
        "ddiff base publish --delta-from ddiff-base:cu12.4.1-py3.10-torch-251105 ddiff-base:cu12.4.1-py3.10-torch-251205",
    },
  ],
  async run(call) {
    const [action = "", ...what] = call.args;
    checkOptions(action as Action, call);
    if (action !== "build" && what.length > (action === "publish" ? 2 : action === "list" ? 0 : 1))
      throw usageError(`base ${action} takes no ${what.at(-1)}`, "base");
    return await runAction(action as Action, what, call);
  },
});

async function runAction(action: Action, what: readonly string[], call: BaseCall): Promise<Outcome> {
  const { file = definitionName, cpu, "no-link": noLink } = call.options;
  const [first, second] = what;
  switch (action) {
    case "init":
      return await writeDefinition(first ?? file, cpu);
    case "render": {
      const { renderBase } = await import("../base/render.ts");
      return await renderBase(await readPlan(file), first, !noLink);
    }
    case "build":
      return await build(call, what);
    case "list":
      return await (await import("../base/list.ts")).listBases(call);
    case "check": {
      if (first === undefined) throw usageError("base check needs an IMAGE or a folder", "base");
      return await (await import("../base/check.ts")).checkBase(call, first, call.options);
    }
    default: {
      const { publishBase } = await import("../base/publish.ts");
      return await publishBase(call, first, second, call.options["delta-from"]);
    }
  }
}

async function build(call: BaseCall, words: readonly string[]): Promise<Outcome> {
  const { file = definitionName, folder, tag, date } = call.options;
  const { buildImage, buildInFolder } = await import("../base/build.ts");
  const plan = await readPlan(file);
  if (folder === undefined) return await buildImage(call, plan, { words, tag, date });
  if (words.length > 0 || tag !== undefined || date !== undefined)
    throw usageError("with --folder there is no builder and no tag", "base");
  return await buildInFolder(call, plan, folder);
}

/** An option of another action would do nothing. */
function checkOptions(action: Action, { options: given }: BaseCall): void {
  const own: readonly string[] = actions[action];
  for (const [name, value] of Object.entries(given)) {
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    if (isGiven && !own.includes(name)) throw usageError(`base ${action} has no --${name}`, "base");
  }
}
