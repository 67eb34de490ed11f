import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";
import type { Answers } from "./answers.ts";
import { type Choices, choicesSchema, parts } from "./choices.ts";
import { editYaml } from "./edit-yaml.ts";

/** Where the answers stand, in the project's folder. */
export const answersFileName = "ddiff.yaml";

const { line, words } = parts;
const lines = z.array(line).max(10_000);

const answersSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/, "a name for images"),
  manager: parts.manager,
  manifest: line.optional(),
  lockFile: line.optional(),
  python: parts.minor,
  stages: parts.stages,
  only: parts.only,
  gpus: parts.gpus,
  driver: parts.driver.optional(),
  cuda: z
    .string()
    .regex(/^\d{1,2}(?:\.\d{1,2})?$/)
    .optional(),
  torch: line.optional(),
  registry: parts.registry.optional(),
  bases: z.strictObject({ cpu: line, gpu: line.optional(), compiler: line.optional() }),
  systemNeeds: lines,
  systemPackages: parts.apt.optional(),
  train: words.optional(),
  serve: words.optional(),
  port: parts.port.optional(),
  health: line.optional(),
  weights: parts.weights,
  weightFolder: line.optional(),
  dataFolders: lines,
  sources: lines,
  isPackage: z.boolean(),
  trainGroups: lines,
  frameworks: z
    .array(
      z.strictObject({
        name: parts.framework,
        version: line.optional(),
        build: z.enum(["cpu", "cuda", "open"]),
        cuda: line.optional(),
      }),
    )
    .max(20)
    .optional(),
  requirementFiles: z
    .array(z.strictObject({ path: line, group: line }))
    .max(1000)
    .optional(),
  workspace: lines.optional(),
  serving: z
    .enum([
      "fastapi",
      "flask",
      "django",
      "gradio",
      "streamlit",
      "triton",
      "bentoml",
      "vllm",
      "torchserve",
      "litserve",
      "other",
    ])
    .optional(),
  extras: z.partialRecord(z.enum(["serve", "train", "dev", "cpu", "gpu"]), lines).optional(),
  jupyter: z.enum(["lab", "notebook"]).optional(),
  trackers: z.array(z.enum(["wandb", "mlflow"])).optional(),
  versionVariable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, "a name of a variable")
    .optional(),
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  choices: choicesSchema.default({}),
  yours: z.array(line).max(1000).default([]),
  answers: answersSchema,
  files: z.record(line, z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256")),
});

/** What `ddiff.yaml` holds. */
export interface InitRecord {
  /** What somebody decided. */
  readonly choices: Choices;
  /** Paths that ddiff leaves alone from now on, although it would write them. */
  readonly yours: readonly string[];
  /** What came of it at the last run. */
  readonly answers: Answers;
  /** SHA-256 of each file as it was written, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** `ddiff.yaml` as it was found. */
export interface AnswersFile {
  readonly record: InitRecord;
  readonly bytes: Buffer;
}

/** `ddiff.yaml` of a project's folder; undefined where there is none yet. Throws `ANSWERS_INVALID`. */
export async function readAnswersFile(folder: string): Promise<AnswersFile | undefined> {
  const path = join(folder, answersFileName);
  try {
    const about = await lstat(path);
    if (!about.isFile()) throw invalid("it is no plain file");
    if (about.size > 1 << 20) throw invalid("it has more than 1 MiB");
    const bytes = await readFile(path);
    return { record: parseAnswersFile(bytes.toString("utf8")), bytes };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads the text of `ddiff.yaml`. Throws `ANSWERS_INVALID`. */
export function parseAnswersFile(text: string): InitRecord {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, prettyErrors: true });
  } catch (error) {
    throw invalid(messageOf(error).split("\n", 1)[0] ?? "it is no YAML");
  }
  const read = fileSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw invalid(`${where}${issue?.message ?? "it is of another form"}`);
  }
  const { choices, yours, answers, files } = read.data;
  return { choices, yours, answers: completed(answers), files: new Map(Object.entries(files)) };
}

/**
 * The text of `ddiff.yaml`. Over an earlier text it is an edit, which keeps the comments and the order that somebody gave it; the same record
 * gives the same text.
 */
export function writeAnswersFile({ choices, yours, answers, files }: InitRecord, before?: string): string {
  const sections = {
    version: 1,
    choices: choicesSchema.parse(choices),
    yours,
    answers: checkAnswers(answers),
    files: Object.fromEntries([...files].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
  if (before !== undefined) return editYaml(before, sections);
  return [
    "# Written by ddiff init, to be committed: a second run goes on from it, and ddiff init --check compares with it.\n",
    section({ version: sections.version }),
    "\n# What somebody decided. It goes before what is found in the project; change it here or by the flags of ddiff init.\n",
    section({ choices: sections.choices }),
    "\n# Files that ddiff init would write and must not: they are yours.\n",
    section({ yours: sections.yours }),
    "\n# What was found, or chosen from the catalogue. Every run writes it anew: to change it, put it under choices.\n",
    section({ answers: sections.answers }),
    "\n# SHA-256 of the files as they were written: what somebody changed since then is not overwritten.\n",
    section({ files: sections.files }),
  ].join("");
}

function section(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}

/**
 * Whether answers can go into files: names of a project's files may have line ends, which would end a line of a Dockerfile. Hands them back in
 * the order of the file. Throws `ANSWERS_UNUSABLE`.
 */
export function checkAnswers(answers: Answers): unknown {
  const read = answersSchema.safeParse(JSON.parse(JSON.stringify(answers)));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new DdiffError(
    "ANSWERS_UNUSABLE",
    `what was found cannot be written: ${where}: ${issue?.message ?? ""}`,
    {
      hint: "Rename what is called so, or say another value by a flag.",
    },
  );
}

/** What `files` keeps of a text. */
export function hashOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

function completed(read: z.infer<typeof answersSchema>): Answers {
  const { bases, frameworks, requirementFiles, workspace, serving, extras, ...more } = read;
  const { jupyter, trackers, versionVariable, systemPackages, ...needed } = more;
  return {
    ...needed,
    ...(frameworks === undefined
      ? {}
      : { frameworks: frameworks.map((one) => ({ ...one, version: one.version, cuda: one.cuda })) }),
    ...(requirementFiles === undefined ? {} : { requirementFiles }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(serving === undefined ? {} : { serving }),
    ...(extras === undefined ? {} : { extras }),
    ...(jupyter === undefined ? {} : { jupyter }),
    ...(trackers === undefined ? {} : { trackers }),
    ...(versionVariable === undefined ? {} : { versionVariable }),
    ...(systemPackages === undefined ? {} : { systemPackages }),
    manifest: read.manifest,
    lockFile: read.lockFile,
    driver: read.driver,
    cuda: read.cuda,
    torch: read.torch,
    registry: read.registry,
    bases: { cpu: bases.cpu, gpu: bases.gpu, compiler: bases.compiler },
    train: read.train,
    serve: read.serve,
    port: read.port,
    health: read.health,
    weightFolder: read.weightFolder,
  };
}

function invalid(why: string): DdiffError {
  return new DdiffError("ANSWERS_INVALID", `${answersFileName} cannot be read: ${why}`, {
    hint: "Mend it, or move it away and run ddiff init again.",
  });
}
