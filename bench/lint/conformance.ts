import type { Heredoc, Instruction } from "../../src/dockerfile/document.ts";
import { expandWord, expandWords } from "../../src/dockerfile/expand.ts";
import { part } from "../../src/dockerfile/joined.ts";
import { readDockerfile } from "../../src/dockerfile/read.ts";
import { readJson } from "../../src/dockerfile/read-words.ts";
import type { Outcome } from "./agreement.ts";
import type { BuildkitCases } from "./oracles/buildkit.ts";
import type { GoValue } from "./oracles/go-values.ts";

/** Whether our readers of Dockerfiles make of BuildKit's own parser tests what BuildKit makes of them. */
export function compareReaders(cases: BuildkitCases): Outcome[] {
  return [...parserFiles(cases), ...variables(cases), ...lexer(cases), ...words(cases), ...heredocs(cases)];
}

function outcome(key: string, id: string, expected: string, found: string, dockerfile: string): Outcome {
  return { key, id, agrees: expected === found, expected, found, dockerfile };
}

const refused = "refused";

function parserFiles({ parser }: BuildkitCases): Outcome[] {
  return parser.map(({ name, dockerfile, result }) => {
    const file = readDockerfile(dockerfile);
    const key = `parser/${name}`;
    if (result === undefined) {
      const found = file.problems.length > 0 ? refused : file.instructions.map(dump).join("\n");
      return outcome(key, "files that are refused", refused, found, dockerfile);
    }
    return outcome(key, "files", result.trim(), file.instructions.map(dump).join("\n"), dockerfile);
  });
}

/** An instruction as BuildKit's `Node.Dump` writes it. */
function dump(instruction: Instruction): string {
  const flags = instruction.flags.map(({ name, value }) =>
    quote(value === undefined ? `--${name}` : `--${name}=${value}`),
  );
  const parts = [
    instruction.keyword.toLowerCase(),
    ...(flags.length > 0 ? [`[${flags.join(" ")}]`] : []),
    ...(instruction.trigger === undefined
      ? argumentsOf(instruction).map(quote)
      : [dump(instruction.trigger)]),
  ];
  return `(${parts.join(" ")})`;
}

function argumentsOf({ keyword, body, words, json }: Instruction): readonly string[] {
  if (json !== undefined) return json.map(({ value }) => value);
  const [first] = words;
  if (first === undefined) return [];
  const rest = part(body, first.raw.length);
  switch (keyword) {
    case "ENV":
    case "LABEL":
      if (!first.raw.includes("=")) return [first.raw, rest.text, ""];
      return words.flatMap(({ raw }) => [...raw.split(/=([^]*)/).slice(0, 2), "="]);
    case "ARG":
    case "FROM":
    case "COPY":
    case "ADD":
    case "VOLUME":
    case "EXPOSE":
      return words.map(({ raw }) => raw);
    case "HEALTHCHECK":
      if (rest.text === "") return [first.raw];
      return [first.raw, ...(readJson(rest)?.map(({ value }) => value) ?? [rest.text])];
    default:
      return [body.text];
  }
}

/** Go's `strconv.Quote`. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00(..)/g, "\\x$1");
}

function variables({ variables, environment }: BuildkitCases): Outcome[] {
  return variables.map(({ line, source, expected }) =>
    outcome(
      `envVarTest#${line}`,
      "variables",
      expected ?? refused,
      orRefused(() => expandWord(source, (name) => environment[name], "\\")),
      source,
    ),
  );
}

function lexer({ lexer }: BuildkitCases): Outcome[] {
  return lexer.map(({ key, environment, source, expected, unset }) => {
    const missed = new Set<string>();
    const found = orRefused(() =>
      expandWord(
        source,
        (name) => environment[name],
        "\\",
        (name) => missed.add(name),
      ),
    );
    const written = (text: string, names: readonly string[]): string =>
      `${text}${names.length > 0 && text !== refused ? ` without ${[...names].sort().join(" ")}` : ""}`;
    return outcome(
      key,
      "patterns and what is unset",
      written(expected ?? refused, unset),
      written(found, [...missed]),
      source,
    );
  });
}

function words({ words }: BuildkitCases): Outcome[] {
  return words.map(({ environment, source, expected }, index) =>
    outcome(
      `wordsTest#${index + 1}`,
      "words",
      expected === undefined ? refused : JSON.stringify(expected),
      orRefused(() => JSON.stringify(expandWords(source, (name) => environment[name], "\\"))),
      source,
    ),
  );
}

function orRefused(read: () => string): string {
  try {
    return read();
  } catch {
    return refused;
  }
}

function heredocs({ heredocs }: BuildkitCases): Outcome[] {
  // BuildKit's test begins behind FROM.
  const instructions = readDockerfile(heredocs.dockerfile).instructions.slice(1);
  const expected = (Array.isArray(heredocs.expected) ? heredocs.expected : []).map(heredocOf);
  return Array.from({ length: Math.max(expected.length, instructions.length) }, (_, index) => {
    const instruction = instructions[index];
    const found = instruction?.heredocs.map(writtenHeredoc) ?? [];
    return outcome(
      `heredocs#${index + 1}`,
      "heredocs",
      (expected[index] ?? []).join(" "),
      found.join(" "),
      instruction?.body.text ?? "",
    );
  });
}

function heredocOf(value: GoValue): string[] {
  return (Array.isArray(value) ? value : []).map((one) => {
    const fields = typeof one === "object" && one !== null && !Array.isArray(one) ? one : {};
    const content = typeof fields["Content"] === "string" ? fields["Content"] : "";
    const tabs = fields["Chomp"] === true;
    return JSON.stringify({
      name: fields["Name"],
      content: tabs ? content.replace(/^\t+/gm, "") : content,
      expands: fields["Expand"] === true,
    });
  });
}

function writtenHeredoc({ name, content, expands }: Heredoc): string {
  return JSON.stringify({ name, content, expands });
}
