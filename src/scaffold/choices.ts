import * as z from "zod";
import type { StageName, TargetName } from "./answers.ts";

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

// What goes into files must not be able to end a line or a word there.
const line = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}]*$/u, "control characters");
const minor = z.string().regex(/^\d{1,2}\.\d{1,2}$/, "a version such as 3.12");
const words = z.array(line).min(1).max(200);

/** The parts of ddiff.yaml that stand for single values, for both of its sections. */
export const parts = {
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
});

/** See `choicesSchema`. */
export type Choices = Readonly<z.infer<typeof choicesSchema>>;

/** Earlier choices with newer ones over them. */
export function mergeChoices(earlier: Choices, newer: Choices): Choices {
  const said = Object.entries(newer).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(said) };
}
