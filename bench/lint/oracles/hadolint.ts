/**
 * hadolint's own specs as cases, read from a mirror of its repository: `node bench/lint/oracles/hadolint.ts MIRRORS > cases.json`.
 * The specs are GPL-3: they are read when the bench runs and kept nowhere in this repository.
 */
import { basename } from "node:path";
import { openMirror } from "../mirror.ts";
import { readHaskell, type Token } from "./haskell.ts";

/** hadolint's options that a case sets. */
interface HadolintConfig {
  trustedRegistries?: string[];
  labelSchema?: Record<string, string>;
  strictLabels?: boolean;
}

/** One assertion of a spec. */
export interface HadolintCase {
  /** The spec's file and the number of the assertion there, from 1: `DL3008#3`. */
  key: string;
  /** The id that is asserted; `SC` for any of ShellCheck's. */
  id: string;
  /** The spec's own words. */
  name: string;
  dockerfile: string;
  config: HadolintConfig;
  /** How many findings: a number, or at least one. */
  expected: number | "some";
}

/** A value of the specs' little language: text, a list of texts, or what cannot be read. */
type Value = string | string[] | undefined;

/** Every case of `test/Hadolint/Rule/*Spec.hs` and of `PragmaSpec.hs`. Undefined without a mirror. */
export function readHadolintCases(mirrors: string): { commit: string; cases: HadolintCase[] } | undefined {
  const mirror = openMirror(mirrors, "hadolint/hadolint");
  if (mirror === undefined) return undefined;
  const entries = mirror
    .entries()
    .filter(({ path }) => /^test\/Hadolint\/(?:Rule\/\w+|Pragma|Shell)Spec\.hs$/.test(path));
  const texts = mirror.read(entries);
  const cases = entries.flatMap(({ path }, index) =>
    readSpec(basename(path, "Spec.hs"), texts[index]?.toString("utf8") ?? ""),
  );
  return { commit: mirror.commit, cases };
}

/** The cases of one spec file. */
export function readSpec(spec: string, source: string): HadolintCase[] {
  const tokens = readHaskell(source);
  const cases: HadolintCase[] = [];
  let base: HadolintConfig = {};
  let group: HadolintConfig | undefined;
  let own: HadolintConfig | undefined;
  let inside: "spec" | "describe" | "it" = "spec";
  let name = "";
  const outer = new Map<string, Value>();
  let bound = outer;
  const seen = new Set<string>();
  const add = (id: string, text: Value, expected: number | "some", onBuild: boolean): void => {
    if (typeof text !== "string") throw new Error(`${spec}: cannot read the Dockerfile of ${name}`);
    const dockerfile = `${onBuild ? wrapInOnBuild(text) : text}\n`;
    const config = own ?? group ?? base;
    // Without a RUN the two kinds of assertion are one. One assertion names a Dockerfile where its id should stand.
    const same = JSON.stringify([id, dockerfile, config]);
    if (seen.has(same) || !/^(?:DL|SC)\d*$/.test(id)) return;
    seen.add(same);
    cases.push({ key: `${spec}#${cases.length + 1}`, id, name, dockerfile, config, expected });
  };
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.text ?? "";
    if (tokens[at]?.kind !== "name") continue;
    if (word === "describe") {
      inside = "describe";
      group = own = undefined;
    } else if (word === "it") {
      inside = "it";
      own = undefined;
      name = tokens[at + 1]?.text ?? "";
      bound = new Map(outer);
    } else if (word === "?config" && tokens[at + 1]?.text === "=") {
      const config = readConfig(tokens, at + 2);
      if (inside === "spec") base = config;
      else if (inside === "describe") group = config;
      else own = config;
    } else if (tokens[at + 1]?.text === "=") {
      bound.set(word, readValue(tokens, at + 2, bound).value);
    } else if (/^(?:onBuildR|r)uleCatches(?:Not)?$/.test(word)) {
      const { value } = readValue(tokens, at + 2, bound);
      add(textOf(tokens[at + 1], bound), value, word.endsWith("Not") ? 0 : "some", word.startsWith("on"));
    } else if (/^assert(?:OnBuild)?Checks$/.test(word)) {
      const { value, next } = readValue(tokens, at + 1, bound);
      const found = readAssertion(tokens, next, bound);
      if (found !== undefined) add(found.id, value, found.expected, word !== "assertChecks");
    }
  }
  return cases;
}

/** `(failsWith 2 "DL3049")`, `passesShellcheck`. */
function readAssertion(
  tokens: readonly Token[],
  from: number,
  bound: ReadonlyMap<string, Value>,
): Pick<HadolintCase, "id" | "expected"> | undefined {
  let at = from;
  while (["(", "$"].includes(tokens[at]?.text ?? "")) at++;
  switch (tokens[at]?.text) {
    case "failsWith":
      return { id: textOf(tokens[at + 2], bound), expected: Number(tokens[at + 1]?.text) };
    case "failsWithSome":
      return { id: textOf(tokens[at + 1], bound), expected: "some" };
    case "failsShellcheck":
      return { id: "SC", expected: "some" };
    case "passesShellcheck":
      return { id: "SC", expected: 0 };
    default:
      return undefined;
  }
}

/** A literal, or what a name is bound to. */
function textOf(token: Token | undefined, bound: ReadonlyMap<string, Value>): string {
  const value = token?.kind === "name" ? bound.get(token.text) : token?.text;
  return typeof value === "string" ? value : "";
}

/** Reads a text: a literal, a bound name, a list, `Text.unlines` of a list, in parentheses or after `$`. */
function readValue(
  tokens: readonly Token[],
  from: number,
  bound: ReadonlyMap<string, Value>,
): { value: Value; next: number } {
  const token = tokens[from];
  if (token?.text === "$" && token.kind === "mark") return readValue(tokens, from + 1, bound);
  if (token?.text === "(" && token.kind === "mark") {
    const { value, next } = readValue(tokens, from + 1, bound);
    return { value, next: tokens[next]?.text === ")" ? next + 1 : next };
  }
  if (token?.kind === "string") return { value: token.text, next: from + 1 };
  if (token?.text === "[") {
    const list: string[] = [];
    let at = from + 1;
    for (; at < tokens.length && tokens[at]?.text !== "]"; at++)
      if (tokens[at]?.kind === "string") list.push(tokens[at]?.text ?? "");
      else if (tokens[at]?.text !== ",") return { value: undefined, next: at };
    return { value: list, next: at + 1 };
  }
  if (/(?:^|\.)unlines$/.test(token?.text ?? "")) {
    const { value, next } = readValue(tokens, from + 1, bound);
    return { value: Array.isArray(value) ? value.map((line) => `${line}\n`).join("") : undefined, next };
  }
  return { value: token?.kind === "name" ? bound.get(token.text) : undefined, next: from + 1 };
}

/** `def`, or `def { field = value, … }`. */
function readConfig(tokens: readonly Token[], from: number): HadolintConfig {
  const config: HadolintConfig = {};
  if (tokens[from + 1]?.text !== "{") return config;
  let field = "";
  for (let at = from + 2; tokens[at] !== undefined && tokens[at]?.text !== "}"; at++) {
    const token = tokens[at];
    if (token?.kind === "name" && tokens[at + 1]?.text === "=") field = token.text;
    else if (field === "allowedRegistries" && token?.kind === "string")
      (config.trustedRegistries ??= []).push(token.text);
    else if (field === "labelSchema" && token?.kind === "string")
      (config.labelSchema ??= {})[token.text] = (tokens[at + 2]?.text ?? "")
        .replace(/^Rule\./, "")
        .toLowerCase();
    else if (field === "strictLabels" && token?.text === "True") config.strictLabels = true;
  }
  return config;
}

/** hadolint's helper wraps each RUN, and nothing else, into ONBUILD. */
function wrapInOnBuild(text: string): string {
  let continued = false;
  return text
    .split("\n")
    .map((line) => {
      const starts = !continued;
      if (!(continued && /^\s*#/.test(line))) continued = /\\\s*$/.test(line);
      return starts && /^\s*RUN\b/i.test(line) ? `ONBUILD ${line.trimStart()}` : line;
    })
    .join("\n");
}

if (import.meta.main)
  process.stdout.write(`${JSON.stringify(readHadolintCases(process.argv[2] ?? ""), undefined, 1)}\n`);
