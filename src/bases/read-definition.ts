import type * as z from "zod";
import { DdiffError } from "../util/errors.ts";
import { nearest } from "../util/nearest.ts";
import { readYaml } from "../util/read-yaml.ts";
import { linePrefix, type Origins } from "../util/yaml-origins.ts";
import { type Definition, definitionSchema } from "./definition.ts";

/** Bytes; a person's has some hundred. */
const longest = 1 << 20;

/** Lines of a definition's parts, for messages. */
export interface ReadDefinition {
  readonly definition: Definition;
  readonly origins: Origins;
  /** Its name in messages. */
  readonly file: string;
}

/** Reads a `base.yaml`; `file` is its name in messages. Throws `BASE_INVALID` (exit status 2), which names each wrong thing with its line. */
export function readDefinition(text: string, file: string): ReadDefinition {
  if (Buffer.byteLength(text) > longest) throw invalid(file, [`it has more than ${longest} bytes`]);
  // Scalars stay what is written: 3.10 is a version and no number.
  const yaml = readYaml(text, (problem) => invalid(file, [problem]), { schema: "failsafe" });
  const origins = yaml.origins();
  const parsed = definitionSchema.safeParse(yaml.tree);
  if (parsed.success) return { definition: parsed.data, origins, file };
  throw invalid(file, parsed.error.issues.flatMap((issue) => describe(issue, origins)).slice(0, 20));
}

function describe(issue: z.core.$ZodIssue, origins: Origins): string[] {
  const path = issue.path.map(String);
  const known = path.length === 0 ? Object.keys(definitionSchema.shape) : [];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return `${linePrefix([...path, key], origins)}there is no ${JSON.stringify(key)}${path.length === 0 ? "" : ` in ${path.join(".")}`}${hint}`;
    });
  }
  // Of the ways to write something, the one that came nearest has the telling message.
  if (issue.code === "invalid_union") {
    const nearestWay = [...issue.errors].sort((one, other) => depthOf(other) - depthOf(one))[0] ?? [];
    const inner = nearestWay.flatMap((one) =>
      describe({ ...one, path: [...issue.path, ...one.path] }, origins),
    );
    if (inner.length > 0) return inner;
  }
  const message = issue.message.replace(
    /^Invalid (?:input|option): expected (.*?)(?:, received .*)?$/,
    path.length === 0 ? "must be a map of settings" : issue.input === undefined ? "is missing" : "must be $1",
  );
  return [`${linePrefix(path, origins)}${path.join(".") || "the file"} ${message}`];
}

/** How far into the value a way to write it went. */
function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(
    0,
    ...issues.map(
      (one) => one.path.length + (one.code === "unrecognized_keys" || one.code === "invalid_format" ? 1 : 0),
    ),
  );
}

function invalid(file: string, problems: readonly string[]): DdiffError {
  return new DdiffError("BASE_INVALID", `${file} is wrong: ${problems.join("; ")}`, {
    hint: 'docs/base.md lists every setting; "ddiff base init" writes a file that is right.',
    exitStatus: 2,
  });
}
