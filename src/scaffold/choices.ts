import * as z from "zod";
import type { StageName, TargetName } from "./answers.ts";
import type { FrameworkName, Manager } from "./project.ts";
import { isKnownNeed } from "./system-packages.ts";

/** What can be written, in the order in which it is shown. */
export const targetNames = [
  "dockerfile",
  "compose",
  "ignore",
  "kubernetes",
  "ci",
  "devcontainer",
] as const satisfies readonly TargetName[];

/** The stages, in the order in which they are shown. */
export const stageNames = [
  "train-gpu",
  "train-cpu",
  "serve-gpu",
  "serve-cpu",
  "dev",
] as const satisfies readonly StageName[];

/** What may install packages. */
export const managerNames = [
  "uv",
  "pip",
  "pip-tools",
  "poetry",
  "pdm",
  "hatch",
  "pipenv",
  "pixi",
  "conda",
  "r",
  "none",
] as const satisfies readonly Manager[];

const frameworkNames = [
  "torch",
  "tensorflow",
  "jax",
  "onnxruntime",
  "onnxruntime-gpu",
  "tensorrt",
  "cupy",
  "vllm",
] as const satisfies readonly FrameworkName[];

// What goes into files must not be able to end a line or a word there.
const line = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}]*$/u, "control characters");
const minor = z.string().regex(/^\d{1,2}\.\d{1,2}$/, "a version such as 3.12");
const words = z.array(line).min(1).max(200);

const folder = z
  .string()
  .max(1000)
  .regex(
    /^(?!\.{1,2}(?:\/|$))[\w.@+][\w.@+-]*(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)*$/,
    "a path in the project such as src/app",
  );

/** The parts of ddiff.yaml that stand for single values, for both of its sections. */
export const parts = {
  manager: z.enum(managerNames),
  framework: z.enum(frameworkNames),
  apt: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "a package of Debian such as libgomp1")).max(200),
  only: z.array(z.enum(targetNames)).min(1),
  stages: z.array(z.enum(stageNames)).min(1),
  gpus: z.array(line).max(50),
  driver: z.string().regex(/^\d{3}(?:\.\d{1,4}){0,2}$/, "a driver such as 550"),
  minor,
  torch: z.string().regex(/^\d+\.\d+(?:\.\d+)?(?:\+[a-z0-9.]+)?$/, "a version such as 2.9.1"),
  registry: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/, {
      message: "a registry such as ghcr.io/lab",
    }),
  port: z.int().min(1).max(65_535),
  weights: z.enum(["volume", "download", "bake"]),
  line,
  words,
} as const;

/** What somebody decided, by a flag, an answer or in ddiff.yaml: it goes before what is found. */
export const choicesSchema = z.strictObject({
  only: parts.only.optional(),
  stages: parts.stages.optional(),
  /** `[]` is CPU only. */
  gpus: parts.gpus.optional(),
  driver: parts.driver.optional(),
  cuda: parts.minor.optional(),
  python: parts.minor.optional(),
  registry: parts.registry.optional(),
  port: parts.port.optional(),
  serve: parts.words.optional(),
  train: parts.words.optional(),
  weights: parts.weights.optional(),
  manager: parts.manager.optional(),
  /** All of them; `[]` is none. */
  frameworks: z.array(parts.framework).max(20).optional(),
  /** Packages of Debian, besides those for what was found. */
  system: parts.apt.optional(),
  /** Needs of the system that were found, and are none. */
  without: z
    .array(z.string().refine(isKnownNeed, "a need of the system that ddiff init knows, such as ffmpeg"))
    .max(200)
    .optional(),
  /** All that is the program. */
  sources: z.array(folder).min(1).max(1000).optional(),
  /** `none` for no weights. */
  weightFolder: folder.optional(),
  /** All of them; `[]` is none. */
  dataFolders: z.array(folder).max(1000).optional(),
});

/** See `choicesSchema`. */
export type Choices = Readonly<z.infer<typeof choicesSchema>>;

/** Earlier choices with newer ones over them. */
export function mergeChoices(earlier: Choices, newer: Choices): Choices {
  const said = Object.entries(newer).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(said) };
}
