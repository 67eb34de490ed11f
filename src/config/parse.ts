import type * as z from "zod";
import { member } from "../util/members.ts";
import { nearest } from "../util/nearest.ts";
import { readYaml } from "../util/read-yaml.ts";
import { linePrefix, type Origins } from "../util/yaml-origins.ts";
import { invalidConfig } from "./find.ts";

/** A part of a `.ddiff.yaml` as its schema reads it, and the lines of its settings. */
interface Parsed<Part> {
  part: Part;
  origins: Origins;
}

/**
 * Reads and checks a part of a `.ddiff.yaml`: `schema` is that of the whole file as far as this part goes, `describeSchema` gives it as JSON
 * Schema. Throws `CONFIG_INVALID`, which names each wrong setting with its line.
 */
export function parseConfigPart<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
  describeSchema: () => unknown,
): Parsed<z.output<Schema>> {
  const yaml = readYaml(text, (problem) => invalidConfig(file, [problem]));
  const origins = yaml.origins();
  const parsed = schema.safeParse(yaml.tree ?? {});
  if (parsed.success) return { part: parsed.data, origins };
  throw invalidConfig(
    file,
    parsed.error.issues.flatMap((issue) => describe(issue, origins, describeSchema)),
  );
}

/** `; did you mean "x"?` where one of the known names is near. */
export function meantHint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

function describe(issue: z.core.$ZodIssue, origins: Origins, describeSchema: () => unknown): string[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path, describeSchema());
    return issue.keys.map((key) => {
      const hint = meantHint(key, known) || `: known are ${known.join(", ")}`;
      return `${linePrefix([...path, key], origins)}there is no ${JSON.stringify(key)} in ${path.join(".")}${hint}`;
    });
  }
  const message = issue.message.replace(
    /^Invalid (?:input|option): expected (.*?)(?:, received .*)?$/,
    "must be $1",
  );
  return [`${linePrefix(path, origins)}${path.join(".")} ${message}`];
}

/** The keys that the schema knows at a place. */
function knownKeys(path: readonly string[], schema: unknown): string[] {
  let node = schema;
  for (const key of path) node = member(member(node, "properties"), key) ?? member(node, "items");
  const properties = member(node, "properties");
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}
