import { type Document, visit } from "yaml";
import * as z from "zod";
import { DdiffError } from "../../util/errors.ts";
import { nearest } from "../../util/nearest.ts";
import { readYaml } from "../../util/read-yaml.ts";
import { linePrefix, type Origins } from "../../util/yaml-origins.ts";
import { type Checklist, checklistSchema } from "./checklist.ts";

/** Bytes of a checklist; a person's has some thousand, a written one some hundred thousand. */
const longestChecklist = 16 << 20;

/**
 * Reads a checklist, YAML or JSON; `file` is its name in errors. Throws `CHECKLIST_INVALID` (exit status 2), which names each wrong
 * thing with its line.
 */
export function readChecklist(content: string, file: string): Checklist {
  if (content.length > longestChecklist) throw invalid(file, [`it is longer than ${longestChecklist} bytes`]);
  // Scalars stay what is written: YAML's readers do not agree on what 3.10, 0o17 or yes are, and most fields are texts.
  const { tree, origins } = readYaml(content, (problem) => invalid(file, [problem]), {
    schema: "failsafe",
    merge: true,
    prepare: setNulls,
  });
  const parsed = checklistSchema.safeParse(asSecondVersion(tree ?? {}));
  if (parsed.success) return parsed.data;
  const lines = origins();
  throw invalid(
    file,
    parsed.error.issues.flatMap((issue) => describe(issue, lines)),
  );
}

/** Without a schema nothing is null, not even what is left empty. */
function setNulls(document: Document): void {
  visit(document, {
    Scalar: (key, node) => {
      if (key !== "key" && node.type === "PLAIN" && /^(?:~|null|)$/i.test(String(node.value)))
        node.value = null;
    },
  });
}

/** A list of schema 1.0.0 as one of 2.0.0: there a command's program and arguments are one list. Anything else stays as it is. */
function asSecondVersion(tree: unknown): unknown {
  if (!isRecord(tree) || tree["schemaVersion"] !== "1.0.0") return tree;
  const { commandTests } = tree;
  const tests = Array.isArray(commandTests) ? commandTests.map(withOneCommand) : commandTests;
  return { ...tree, schemaVersion: "2.0.0", ...(tests === undefined ? {} : { commandTests: tests }) };
}

function withOneCommand(test: unknown): unknown {
  if (!isRecord(test) || !Array.isArray(test["command"])) return test;
  const [command, ...args] = test["command"] as unknown[];
  return { ...test, command, args };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One list of several, in their order. What can be only once (metadata, run options) is the last one's that says it. */
export function joinChecklists(lists: readonly Checklist[]): Checklist {
  const joined = checklistSchema.parse({ schemaVersion: "2.0.0" });
  for (const list of lists) {
    const { schemaVersion: _, containerRunOptions, metadataTest, ...tests } = list;
    for (const [key, items] of Object.entries(tests))
      (joined[key as keyof typeof tests] as unknown[]).push(...items);
    if (metadataTest !== undefined) joined.metadataTest = metadataTest;
    if (JSON.stringify(containerRunOptions) !== noRunOptions)
      joined.containerRunOptions = containerRunOptions;
  }
  return joined;
}

const noRunOptions = JSON.stringify(checklistSchema.parse({ schemaVersion: "2.0.0" }).containerRunOptions);

function invalid(file: string, problems: readonly string[]): DdiffError {
  const shown = problems.slice(0, 10);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const sentence = `${file} is no checklist: ${shown.join("; ")}`;
  return new DdiffError("CHECKLIST_INVALID", sentence, {
    hint: "docs/check.md lists what may stand there; container-structure-test's files of schema 1.0.0 and 2.0.0 are read as they are.",
    exitStatus: 2,
  });
}

function describe(issue: z.core.$ZodIssue, origins: Origins): string[] {
  const path = issue.path.map(String);
  const where = path.length === 0 ? "" : ` in ${path.join(".")}`;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
      return `${linePrefix([...path, key], origins)}there is no ${JSON.stringify(key)}${where}${hint}`;
    });
  }
  const message = issue.message.replace(/^Invalid input: expected (\w+).*$/, "must be of the type $1");
  return [`${linePrefix(path, origins)}${path.join(".") || "it"} ${message}`];
}

/** The keys that the schema knows at a place. */
function knownKeys(path: readonly string[]): string[] {
  let node: unknown = z.toJSONSchema(checklistSchema, { io: "input", unrepresentable: "any" });
  for (const key of path) {
    const inner = withoutNull(node);
    node = /^[0-9]+$/.test(key) ? inner?.["items"] : (inner?.["properties"] as JsonNode | undefined)?.[key];
  }
  const properties = withoutNull(node)?.["properties"];
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

type JsonNode = Record<string, unknown>;

/** The part of a schema that is not `null`. */
function withoutNull(node: unknown): JsonNode | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  const choices = (node as { anyOf?: JsonNode[] }).anyOf;
  return choices === undefined ? (node as JsonNode) : choices.find((one) => one["type"] !== "null");
}
