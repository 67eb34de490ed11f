import * as z from "zod";

const severity = z.enum(["error", "warning", "info", "off"]);
const rules = z
  .record(z.string(), severity)
  .describe("Severities by rule, by another linter's id, or by group.");
const globs = (description: string) => z.array(z.string().min(1)).describe(description);

const lint = z.strictObject({
  profile: z
    .enum(["default", "strict"])
    .default("default")
    .describe("strict switches on, as information, the rules that are off by default."),
  rules: rules.default({}),
  overrides: z
    .array(
      z.strictObject({
        paths: globs("Files, from this file's folder on: services/**, Dockerfile.dev.").min(1),
        rules,
      }),
    )
    .default([])
    .describe("Severities for some files; later ones count more."),
  exclude: globs("Files and folders that are not looked at, from this file's folder on.").default([]),
  "fail-on": severity
    .exclude(["off"])
    .default("warning")
    .describe("Findings of this severity or worse make the exit status 1."),
  target: z
    .strictObject({
      gpu: z
        .union([z.string(), z.array(z.string())])
        .optional()
        .describe("GPUs that the images are for: rtx4090, h100."),
      driver: z.union([z.string(), z.number()]).optional().describe("NVIDIA's driver there: 550."),
    })
    .default({})
    .describe("The machines that the images are for."),
  baseline: z
    .string()
    .min(1)
    .optional()
    .describe("A file of findings that are left as they are, made with --write-baseline."),
  "require-reason": z.boolean().default(false).describe("Ask of each ignore comment to say because of what."),
  shellcheck: z.boolean().default(false).describe("Run ShellCheck over the scripts, where it is installed."),
  "allowed-registries": z
    .array(z.string().min(1))
    .optional()
    .describe("Registries that images may come from: docker.io, *.lab.example."),
  labels: z
    .record(z.string(), z.enum(["text", "url", "semver", "hash", "rfc3339", "spdx", "email"]))
    .optional()
    .describe("Labels that every image must have, and what their values are."),
  "strict-labels": z.boolean().default(false).describe("Whether other labels than these are wrong."),
});

/** `.ddiff.yaml`: this part is for lint and fix; other parts of the file are for other commands. */
export const lintFileSchema = z.looseObject({ lint: lint.prefault({}) });

/** The part as it was written, defaults put in. */
export type LintConfig = z.infer<typeof lint>;

/** This part of the schema for editors. */
export function lintJsonSchema(): unknown {
  return z.toJSONSchema(lintFileSchema, { io: "input", target: "draft-7" });
}
