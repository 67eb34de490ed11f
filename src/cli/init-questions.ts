import { choicesSchema, type Choices, targetNames } from "../scaffold/choices.ts";
import type { InitPlan } from "../scaffold/init.ts";
import { needsConsent } from "../scaffold/init.ts";
import { patchBetween } from "../scaffold/drift.ts";
import { splitWords } from "../scaffold/split-words.ts";
import type { PlannedFile } from "../scaffold/write.ts";
import { isDdiffError } from "../util/errors.ts";
import type { Asker } from "./ask.ts";
import { patchText } from "./init-report.ts";

interface Question {
  readonly text: string;
  /** What Enter means, as it would be typed. */
  readonly fallback: string;
  readonly read: (answer: string) => unknown;
  readonly key: keyof Choices;
}

/**
 * Asks what nobody said yet, with what would be done anyway as the default. `replan` decides with the answers; where it says that they cannot
 * be, the question is put again. Answers that are the default decide nothing, so that the project goes on deciding.
 */
export async function askChoices(
  asker: Asker,
  first: InitPlan,
  said: Choices,
  replan: (choices: Choices) => Promise<InitPlan>,
): Promise<InitPlan> {
  let plan = first;
  let choices = said;
  for (const make of questions) {
    for (;;) {
      const question = make(plan, said);
      if (question === undefined) break;
      const answer = await asker.ask(question.text, question.fallback);
      if (answer === question.fallback) break;
      const read = choicesSchema.safeParse({ [question.key]: question.read(answer) });
      if (!read.success) {
        asker.say(`  ${read.error.issues[0]?.message ?? "it is of another form"}`);
        continue;
      }
      try {
        const next = { ...choices, ...read.data };
        plan = await replan(next);
        choices = next;
        break;
      } catch (error) {
        if (!isDdiffError(error, "IMPOSSIBLE") && !isDdiffError(error, "GPU_UNKNOWN")) throw error;
        asker.say(`  ${error.message}\n  ${error.hint ?? ""}`);
      }
    }
  }
  return plan;
}

const questions: readonly ((plan: InitPlan, said: Choices) => Question | undefined)[] = [
  ({ answers }, said) =>
    said.gpus === undefined && (answers.cuda !== undefined || usesFramework(answers))
      ? {
          key: "gpus",
          text: "Which GPUs does it run on? (rtx4090, h100; any; none)",
          fallback: answers.cuda === undefined ? "none" : answers.gpus.join(", ") || "any",
          read: (text) => listOf(text).filter((one) => one !== "none"),
        }
      : undefined,
  ({ answers }, said) =>
    answers.cuda !== undefined && said.driver === undefined
      ? {
          key: "driver",
          text: "NVIDIA's driver there? (550, as nvidia-smi says; new)",
          fallback: answers.driver ?? "new",
          read: (text) => text,
        }
      : undefined,
  ({ answers }, said) =>
    answers.manager !== "r" && said.python === undefined
      ? { key: "python", text: "Python?", fallback: answers.python, read: (text) => text }
      : undefined,
  ({ answers }, said) =>
    said.train === undefined && answers.serve === undefined
      ? {
          key: "train",
          text: "The command that runs?",
          fallback: answers.train?.join(" ") ?? "none",
          read: splitWords,
        }
      : undefined,
  ({ answers }, said) =>
    said.serve === undefined
      ? {
          key: "serve",
          text: "The command that answers requests?",
          fallback: answers.serve?.join(" ") ?? "none",
          read: splitWords,
        }
      : undefined,
  ({ answers }, said) =>
    answers.serve !== undefined && said.port === undefined
      ? { key: "port", text: "Its port?", fallback: String(answers.port ?? 8000), read: Number }
      : undefined,
  ({ answers }, said) =>
    said.registry === undefined
      ? {
          key: "registry",
          text: "Where are images pushed? (ghcr.io/lab)",
          fallback: answers.registry ?? "none",
          read: (text) => text,
        }
      : undefined,
  ({ answers }, said) =>
    said.only === undefined
      ? {
          key: "only",
          text: `What is to be written? (of ${targetNames.join(", ")})`,
          fallback: answers.only.length === targetNames.length ? "all" : answers.only.join(", "),
          read: listOf,
        }
      : undefined,
];

/** Whether everything that needs consent may be written: asked one by one. Paths to be left alone from now on are in `yours`. */
export async function askConsent(
  asker: Asker,
  files: readonly PlannedFile[],
  paint: Parameters<typeof patchText>[1]["paint"],
): Promise<{ taken: ReadonlySet<string>; yours: readonly string[] }> {
  const taken = new Set<string>();
  const yours: string[] = [];
  for (const file of files.filter(needsConsent)) {
    const why = file.state === "changed" ? "was changed since ddiff wrote it" : "was not written by ddiff";
    for (;;) {
      const answer = (
        await asker.ask(`${file.path} ${why}. Overwrite it? (yes, no, diff, keep: never ask again)`, "no")
      ).toLowerCase();
      if (answer.startsWith("d")) {
        asker.say(
          patchText(patchBetween(file.path, file.before?.toString("utf8"), file.text), {
            terminal: true,
            paint,
          }),
        );
        continue;
      }
      if (answer.startsWith("y")) taken.add(file.path);
      else if (answer.startsWith("k")) yours.push(file.path);
      else if (!answer.startsWith("n")) continue;
      break;
    }
  }
  return { taken, yours };
}

function usesFramework(answers: InitPlan["answers"]): boolean {
  return answers.torch !== undefined || (answers.frameworks ?? []).length > 0;
}

function listOf(text: string): string[] {
  return text
    .split(/[,\s]+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
