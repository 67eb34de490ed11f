import { type Choices, choicesSchema } from "../scaffold/choices.ts";
import { splitWords } from "../scaffold/split-words.ts";
import type { Call } from "./command.ts";
import type { initOptionSpecs } from "./init-option-specs.ts";
import { usageError } from "./usage.ts";

type InitOptions = Call<typeof initOptionSpecs>["options"];

/** What the flags decide. Throws `USAGE` for values that cannot be. */
export function readChoices(options: InitOptions, command: string): Choices {
  const { port, serve, train } = options;
  const only = listOf(options.only);
  const stages = listOf(options.target);
  const raw = {
    ...(only === undefined ? {} : { only }),
    ...(stages === undefined ? {} : { stages }),
    ...readGpus(options.gpu),
    ...(options.driver === undefined ? {} : { driver: options.driver }),
    ...(options.cuda === undefined ? {} : { cuda: options.cuda }),
    ...(options.python === undefined ? {} : { python: options.python }),
    ...(options.registry === undefined ? {} : { registry: options.registry.replace(/\/+$/, "") }),
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
    ...(serve === undefined ? {} : { serve: splitWords(serve) }),
    ...(train === undefined ? {} : { train: splitWords(train) }),
    ...(options.weights === undefined ? {} : { weights: options.weights }),
  };
  const read = choicesSchema.safeParse(raw);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const key = String(issue?.path[0] ?? "");
  const option = key === "stages" ? "target" : key === "gpus" ? "gpu" : key;
  throw usageError(`--${option}: ${issue?.message ?? "it is of another form"}`, command);
}

/** `--gpu none` is CPU only; several may stand behind one comma. */
export function readGpus(values: readonly string[]): { gpus?: string[] } {
  const gpus = listOf(values);
  if (gpus === undefined) return {};
  return { gpus: gpus.filter((one) => one.toLowerCase() !== "none") };
}

function listOf(values: readonly string[]): string[] | undefined {
  const list = values.flatMap((one) => one.split(",")).map((one) => one.trim());
  return list.length === 0 ? undefined : list.filter((one) => one !== "");
}
