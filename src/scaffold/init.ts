import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import {
  type AnswersFile,
  checkAnswers,
  hashOf,
  type InitRecord,
  readAnswersFile,
  writeAnswersFile,
  answersFileName,
} from "./answers-file.ts";
import type { Answers, OutputFile } from "./answers.ts";
import { type Choices, mergeChoices } from "./choices.ts";
import { decide, type Decision } from "./decide.ts";
import { detectIn } from "./detect.ts";
import { type ChangedAnswer, changedAnswers, patchBetween } from "./drift.ts";
import type { Project, ProjectFiles } from "./project.ts";
import { openProject } from "./project-files.ts";
import { targets } from "./targets.ts";
import { type PlannedFile, planFiles, writePlanned } from "./write.ts";

/** What `ddiff init` works with: a project, and what an earlier run left. */
export interface InitStart {
  readonly folder: string;
  /** The project as its files tell, or as they tell the manager that was chosen. Throws `IMPOSSIBLE`. */
  readonly look: (choices: Choices) => Project;
  readonly earlier: AnswersFile | undefined;
}

/** What a run would do. */
export interface InitPlan extends Decision {
  readonly folder: string;
  readonly choices: Choices;
  readonly earlier: AnswersFile | undefined;
  readonly files: readonly PlannedFile[];
  /** Answers that are others now than in ddiff.yaml. */
  readonly changed: readonly ChangedAnswer[];
  /** Files of an earlier run that are still there and would not be written any more. */
  readonly stale: readonly string[];
}

/** What became of a planned file. */
export interface WrittenFile extends PlannedFile {
  readonly done: "written" | "unchanged" | "left";
}

/**
 * Looks at a project, without what an earlier run wrote: else its Dockerfile would be a reason for itself. Throws `PROJECT_MISSING`,
 * `ANSWERS_INVALID`.
 */
export async function startInit(folder: string): Promise<InitStart> {
  const files = await openProject(folder);
  const earlier = await readAnswersFile(folder);
  const isOwn = (path: string) => path === answersFileName || earlier?.record.files.has(path) === true;
  const others: ProjectFiles = {
    list: files.list.filter((one) => !isOwn(one.path)),
    has: (path) => !isOwn(path) && files.has(path),
    read: (path) => (isOwn(path) ? undefined : files.read(path)),
  };
  const seen = new Map<Choices["manager"], Project>();
  const look = ({ manager }: Choices): Project => {
    const project = seen.get(manager) ?? detectIn(others, basename(resolve(folder)), manager);
    seen.set(manager, project);
    return project;
  };
  return { folder, earlier, look };
}

/** Decides and compares; writes nothing. `said` goes over the choices of ddiff.yaml. Throws `IMPOSSIBLE`, `OUTSIDE_PROJECT`. */
export async function planInit(start: InitStart, said: Choices): Promise<InitPlan> {
  const { folder, earlier } = start;
  const record = earlier?.record;
  const choices = mergeChoices(record?.choices ?? {}, said);
  const decision = decide(start.look(choices), choices, record?.answers);
  checkAnswers(decision.answers);
  const outputs = outputsOf(decision.answers);
  const files = await planFiles(
    folder,
    outputs,
    record?.files ?? new Map<string, string>(),
    record?.yours ?? [],
  );
  const gone = [...(record?.files.keys() ?? [])].filter((path) => !outputs.some((one) => one.path === path));
  const stale: string[] = [];
  for (const path of gone) if (await isThere(join(folder, path))) stale.push(path);
  const changed = record === undefined ? [] : changedAnswers(record.answers, decision.answers);
  return { ...decision, folder, choices, earlier, files, changed, stale };
}

/** Everything that is written for these answers. */
function outputsOf(answers: Answers): OutputFile[] {
  return answers.only.flatMap((name) => targets[name](answers));
}

/** Whether writing a file takes from somebody what ddiff did not write. */
export function needsConsent(file: PlannedFile): boolean {
  return file.state === "changed" || file.state === "foreign";
}

/**
 * Writes the files that `take` says yes to (those that need no consent always), and ddiff.yaml last. `yours` are paths to be left alone from
 * now on. Throws `FILE_CHANGED`, `DISK_FULL`; what was written before that stays, and is found again by the next run.
 */
export async function writeInit(
  plan: InitPlan,
  take: (file: PlannedFile) => boolean,
  yours: readonly string[] = [],
): Promise<WrittenFile[]> {
  const before = plan.earlier;
  const written: WrittenFile[] = [];
  const hashes = new Map<string, string>();
  for (const path of plan.stale) keepHash(hashes, path, before?.record);
  for (const file of plan.files) {
    if (file.state === "same") written.push({ ...file, done: "unchanged" });
    else if (file.state === "yours" || yours.includes(file.path))
      written.push({ ...file, state: "yours", done: "left" });
    else if (needsConsent(file) && !take(file)) written.push({ ...file, done: "left" });
    else {
      await writePlanned(plan.folder, file);
      written.push({ ...file, done: "written" });
    }
    if (written.at(-1)?.done === "left") keepHash(hashes, file.path, before?.record);
    else hashes.set(file.path, hashOf(file.text));
  }
  const record: InitRecord = {
    choices: keepReasons(plan, written),
    yours: [...new Set([...(before?.record.yours ?? []), ...yours])].sort(),
    answers: plan.answers,
    files: hashes,
  };
  const text = writeAnswersFile(record, before?.bytes.toString("utf8"));
  if (before === undefined || !before.bytes.equals(Buffer.from(text)))
    await writePlanned(plan.folder, {
      path: answersFileName,
      text,
      executable: false,
      state: "ours",
      before: before?.bytes,
    });
  return written;
}

/** What writing would change, as one patch for each file that `git apply` takes. */
export function patchesOf(plan: InitPlan): { path: string; patch: string }[] {
  return plan.files
    .filter((one) => one.state !== "same" && one.state !== "yours")
    .map((one) => ({
      path: one.path,
      patch: patchBetween(one.path, one.before?.toString("utf8"), one.text),
    }));
}

/**
 * A Dockerfile of the project may have been the reason for an answer. Where it is overwritten the answer is a choice from now on, or the next
 * run would not find it.
 */
function keepReasons({ choices, answers, reasons }: InitPlan, written: readonly WrittenFile[]): Choices {
  const gone = written.filter((one) => one.done === "written" && one.state === "foreign");
  const isGone = (topic: string) =>
    reasons.some((one) => one.topic === topic && gone.some(({ path }) => isAbout(one.because, path)));
  const { train, serve, port, python } = answers;
  const found: Choices = {
    ...(train !== undefined && isGone("training") ? { train: [...train] } : {}),
    ...(serve !== undefined && isGone("serving") ? { serve: [...serve] } : {}),
    ...(port !== undefined && (isGone("port") || isGone("serving")) ? { port } : {}),
    ...(isGone("Python") ? { python } : {}),
  };
  return { ...found, ...choices };
}

function isAbout(because: string, path: string): boolean {
  return because.startsWith(`${path} `) || because.startsWith(`${path}:`);
}

function keepHash(hashes: Map<string, string>, path: string, record: InitRecord | undefined): void {
  const hash = record?.files.get(path);
  if (hash !== undefined) hashes.set(path, hash);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
