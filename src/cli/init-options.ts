import { type Choices, choicesSchema } from "../scaffold/choices.ts";
import { splitWords } from "../scaffold/split-words.ts";
import type { Call } from "./command.ts";
import type { choiceOptionSpecs, initOptionSpecs } from "./init-option-specs.ts";
import { usageError } from "./usage.ts";

type InitOptions = Call<typeof initOptionSpecs>["options"];
type SharedOptions = Call<typeof choiceOptionSpecs>["options"];

/** The options whose choices have other names in ddiff.yaml. */
const optionOf: Readonly<Partial<Record<keyof Choices, string>>> = {
  stages: "target",
  gpus: "gpu",
  frameworks: "framework",
  sources: "source",
  weightFolder: "weights-folder",
  dataFolders: "data-folder",
};

/** What the flags decide. Throws `USAGE` for values that cannot be. */
export function readChoices(options: InitOptions, command: string): Choices {
  const { port, serve, train } = options;
  const only = listOf(options.only);
  const stages = listOf(options.target);
  const folder = options["weights-folder"];
  const data = someOf(options["data-folder"]);
  const sources = listOf(options.source);
  const system = someOf(options.system);
  const without = someOf(options.without);
  const raw = {
    ...(only === undefined ? {} : { only }),
    ...(stages === undefined ? {} : { stages }),
    ...sharedOf(options),
    ...(options.cuda === undefined ? {} : { cuda: options.cuda }),
    ...(options.python === undefined ? {} : { python: options.python }),
    ...(options.registry === undefined ? {} : { registry: options.registry.replace(/\/+$/, "") }),
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
    ...(serve === undefined ? {} : { serve: splitWords(serve) }),
    ...(train === undefined ? {} : { train: splitWords(train) }),
    ...(options.weights === undefined ? {} : { weights: options.weights }),
    ...(folder === undefined ? {} : { weightFolder: plainPath(folder) }),
    ...(data === undefined ? {} : { dataFolders: data.map(plainPath) }),
    ...(sources === undefined ? {} : { sources: sources.map(plainPath) }),
    ...(system === undefined ? {} : { system }),
    ...(without === undefined ? {} : { without }),
  };
  return checked(raw, command);
}

/** What the flags decide that init and variants share. Throws `USAGE` for values that cannot be. */
export function readShared(options: SharedOptions, command: string): Choices {
  return checked(sharedOf(options), command);
}

function checked(raw: Record<string, unknown>, command: string): Choices {
  const read = choicesSchema.safeParse(raw);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const key = String(issue?.path[0] ?? "");
  const option = optionOf[key as keyof Choices] ?? key;
  throw usageError(`--${option}: ${issue?.message ?? "it is of another form"}`, command);
}

function sharedOf(options: SharedOptions): Record<string, unknown> {
  const gpus = someOf(options.gpu);
  const frameworks = someOf(options.framework);
  return {
    ...(gpus === undefined ? {} : { gpus }),
    ...(options.driver === undefined ? {} : { driver: options.driver }),
    ...(options.manager === undefined ? {} : { manager: options.manager }),
    ...(frameworks === undefined ? {} : { frameworks }),
  };
}

/** `none` is the empty list: `--gpu none` is CPU only. */
function someOf(values: readonly string[]): string[] | undefined {
  return listOf(values)?.filter((one) => one.toLowerCase() !== "none");
}

/** A folder as a person types it: `./models/`. */
function plainPath(path: string): string {
  return path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
}

/** Several may stand behind one comma. */
function listOf(values: readonly string[]): string[] | undefined {
  const list = values.flatMap((one) => one.split(",")).map((one) => one.trim());
  return list.length === 0 ? undefined : list.filter((one) => one !== "");
}
