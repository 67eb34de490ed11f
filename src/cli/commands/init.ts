import type { InitPlan, WrittenFile } from "../../scaffold/init.ts";
import type { PlannedFile } from "../../scaffold/write.ts";
import { DdiffError } from "../../util/errors.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { initOptionSpecs } from "../init-option-specs.ts";
import { usageError } from "../usage.ts";

const options = {
  yes: { short: "y", help: "ask nothing: take what was found and the defaults" },
  "dry-run": { help: "print what would be written or changed as a patch, and write nothing" },
  check: {
    help: "write nothing; print what differs from what would be written, with exit status 1 where something does",
  },
  force: { help: "overwrite files that somebody changed, and those that ddiff did not write" },
  ...initOptionSpecs,
} as const;

type InitCall = Call<typeof options>;

export const init = defineCommand({
  name: "init",
  summary: "write a project's Dockerfile, compose, Kubernetes and CI files",
  usage: ["init [OPTIONS] [DIR]"],
  description: [
    "Looks at a machine-learning project, says what it found and why, and writes what it needs to run in containers: a Dockerfile with stages to train, to serve and to develop, with a GPU and without; compose.yaml, .dockerignore, Kubernetes manifests, a workflow for GitHub Actions, a devcontainer. GPU, driver, CUDA and torch are checked against the catalogue: what does not go together is refused, with the nearest that does. Needs no engine and no network.",
    "On a terminal it asks, and Enter takes the default. What was decided stands in ddiff.yaml, from which a second run goes on. A file that somebody changed, or that ddiff did not write, is not overwritten without a yes; with --yes it is left, and the exit status is 1.",
  ],
  arguments: [
    { name: "DIR", complete: "directory", help: "the project, the current folder where none is named" },
  ],
  options,
  examples: [
    { text: "Look, answer, write", command: "ddiff init" },
    { text: "For the machines it will run on", command: "ddiff init --yes --gpu rtx4090 --driver 550" },
    {
      text: "Only a Dockerfile that serves without a GPU",
      command: "ddiff init --yes --only dockerfile,ignore --target serve-cpu",
    },
    { text: "In CI: whether the files still fit the project", command: "ddiff init --check" },
  ],
  async run(call) {
    const modes = [
      call.options.check && "--check",
      call.options["dry-run"] && "--dry-run",
      call.options.force && "--force",
    ];
    const said = modes.filter((one) => one !== false);
    if (said.length > 1) throw usageError(`${said.join(" and ")} exclude each other`, "init");
    const [{ planInit, startInit }, { readChoices }] = await Promise.all([
      import("../../scaffold/init.ts"),
      import("../init-options.ts"),
    ]);
    const choices = readChoices(call.options, "init");
    const start = await startInit(call.args[0] ?? ".");
    const plan = await planInit(start, choices);
    if (call.options.check) return check(call, plan);
    if (call.options["dry-run"]) return dryRun(call, plan);
    if (call.options.yes || call.options.force) return write(call, plan, () => call.options.force);
    return ask(call, plan, (more) => planInit(start, more));
  },
});

/** Asks, shows, asks again for what would be lost, and writes. */
async function ask(
  call: InitCall,
  first: InitPlan,
  replan: (choices: InitPlan["choices"]) => Promise<InitPlan>,
): Promise<Outcome> {
  const [{ openAsker }, { askChoices, askConsent }, { reasonsText, filesText, overridesText }] =
    await Promise.all([import("../ask.ts"), import("../init-questions.ts"), import("../init-report.ts")]);
  const asker = call.json ? undefined : openAsker(process.stdin, process.stderr, call.signal);
  if (asker === undefined) {
    throw usageError(
      "nobody can be asked: this is no terminal",
      "init",
      "--yes takes the defaults, --dry-run shows them.",
    );
  }
  try {
    asker.say(`${reasonsText(first, call.screen.paint)}\n\n${overridesText}\n`);
    const plan = await askChoices(asker, first, first.choices, replan);
    asker.say(`\n${filesText(plan.files)}\n`);
    const { taken, yours } = await askConsent(asker, plan.files, call.screen.paint);
    if (!/^y/i.test(await asker.ask("Write them? (yes, no)", "yes"))) {
      return { status: 1, json: null, summary: ["nothing was written"] };
    }
    return await write(call, plan, (file) => taken.has(file.path), { asked: true, yours });
  } finally {
    asker.close();
  }
}

async function write(
  call: InitCall,
  plan: InitPlan,
  take: (file: PlannedFile) => boolean,
  { asked = false, yours = [] }: { asked?: boolean; yours?: readonly string[] } = {},
): Promise<Outcome> {
  const [{ needsConsent, writeInit }, { changesText, closingLines, filesText, reasonsText }] =
    await Promise.all([import("../../scaffold/init.ts"), import("../init-report.ts")]);
  const written = await writeInit(plan, take, yours);
  const left = written.filter((one) => one.done === "left" && needsConsent(one));
  const changes = changesText(plan);
  const text = [
    ...(asked ? [] : [reasonsText(plan, call.screen.paint)]),
    ...(changes === "" ? [] : [`since the last run:\n${changes}`]),
    filesText(written),
  ].join("\n\n");
  return {
    // Whoever was asked has decided; whoever was not must hear of it.
    status: left.length > 0 && !asked ? 1 : 0,
    json: jsonOf(plan, written),
    answer: `${text}\n\n${closingLines(written, plan.stale).join("\n")}\n`,
    raw: true,
  };
}

async function dryRun(call: InitCall, plan: InitPlan): Promise<Outcome> {
  const [{ patchesOf }, { patchText }] = await Promise.all([
    import("../../scaffold/init.ts"),
    import("../init-report.ts"),
  ]);
  const patches = patchesOf(plan);
  if (patches.length === 0) return { json: jsonOf(plan, plan.files), summary: ["nothing would change"] };
  const text = patches.map((one) => patchText(one.patch, call.screen)).join("\n");
  return { json: { ...jsonOf(plan, plan.files), patches }, answer: `${text}\n`, raw: true };
}

async function check(call: InitCall, plan: InitPlan): Promise<Outcome> {
  if (plan.earlier === undefined) {
    throw new DdiffError(
      "NOT_INITIALISED",
      `there is no ddiff.yaml in ${plan.folder}: nothing to compare with`,
      {
        hint: "Run ddiff init first.",
      },
    );
  }
  const [{ patchesOf }, { changesText, patchText }] = await Promise.all([
    import("../../scaffold/init.ts"),
    import("../init-report.ts"),
  ]);
  const patches = patchesOf(plan);
  const drifted = patches.length > 0 || plan.changed.length > 0;
  const json = { ...jsonOf(plan, plan.files), drifted, patches };
  if (!drifted) return { json, summary: [`${plan.files.length} files are as ddiff init writes them`] };
  const text = [
    ...(plan.changed.length === 0 ? [] : [`changed since ddiff.yaml was written:\n${changesText(plan)}\n`]),
    ...patches.map((one) => patchText(one.patch, call.screen)),
    `\n${patches.length} ${patches.length === 1 ? "file differs" : "files differ"}; ddiff init writes them anew`,
  ];
  return { status: 1, json, answer: `${text.join("\n")}\n`, raw: true };
}

function jsonOf(plan: InitPlan, files: readonly (PlannedFile | WrittenFile)[]): Record<string, unknown> {
  return {
    folder: plan.folder,
    reasons: plan.reasons,
    answers: plan.answers,
    changed: plan.changed,
    files: files.map((one) => ({
      path: one.path,
      bytes: Buffer.byteLength(one.text),
      state: one.state,
      ...("done" in one ? { done: one.done } : {}),
    })),
    stale: plan.stale,
  };
}
