/**
 * BuildKit's own tests as cases, read from a mirror of its repository (Apache-2.0) when the bench runs and kept nowhere in this one:
 * `node bench/lint/oracles/buildkit.ts MIRRORS > cases.json`.
 */
import { basename, dirname } from "node:path";
import { type Mirror, openMirror } from "../mirror.ts";
import { GoReader, type GoValue, readGo } from "./go-values.ts";

/** A warning that BuildKit's test expects. */
interface BuildkitWarning {
  rule: string;
  /** From 1; undefined where the test does not look at it. */
  line: number | undefined;
}

/** One call of `checkLinterWarnings`. */
export interface BuildkitCase {
  /** The test's function and the number of the call there, from 1. */
  key: string;
  dockerfile: string;
  dockerignore: string | undefined;
  /** `build-arg:X`, `platform` and the like. */
  attributes: Record<string, string>;
  warnings: BuildkitWarning[];
  /** Whether the file does not build. */
  fails: boolean;
}

/** What BuildKit's own tests say. */
export interface BuildkitCases {
  commit: string;
  checks: BuildkitCase[];
  /** Cases that need more than files: an image in a registry. */
  unread: string[];
  parser: { name: string; dockerfile: string; result: string | undefined }[];
  /** Environment of the words below: of lex_test.go. */
  environment: Record<string, string>;
  /** One word each; `undefined` means an error. */
  variables: { line: number; source: string; expected: string | undefined }[];
  /** The table of TestProcessWithMatches: a word, and the variables in it that are not set. */
  lexer: {
    key: string;
    environment: Record<string, string>;
    source: string;
    expected: string | undefined;
    unset: string[];
  }[];
  words: { environment: Record<string, string>; source: string; expected: string[] | undefined }[];
  heredocs: { dockerfile: string; expected: GoValue };
}

const folder = "frontend/dockerfile";

/** Reads all of it; undefined without a mirror. */
export function readBuildkitCases(mirrors: string): BuildkitCases | undefined {
  const mirror = openMirror(mirrors, "moby/buildkit");
  if (mirror === undefined) return undefined;
  const read = reader(mirror);
  const checks = readChecks(read(`${folder}/dockerfile_check_test.go`));
  return {
    commit: mirror.commit,
    ...checks,
    parser: readParserFiles(mirror),
    environment: { PWD: "/home", SHELL: "bash", KOREAN: "한국어", NULL: "" },
    variables: readVariables(read(`${folder}/shell/envVarTest`)),
    lexer: readLexer(read(`${folder}/shell/lex_test.go`)),
    words: readWords(read(`${folder}/shell/wordsTest`)),
    heredocs: readHeredocs(read(`${folder}/parser/parser_heredoc_test.go`)),
  };
}

/** The calls of `checkLinterWarnings` in dockerfile_check_test.go. */
export function readChecks(source: string): Pick<BuildkitCases, "checks" | "unread"> {
  const go = new GoReader(readGo(source));
  const checks: BuildkitCase[] = [];
  const unread: string[] = [];
  let test = "";
  let count = 0;
  for (let at = 0; at < go.tokens.length; at++) {
    if (go.text(at) === "func" && /^test\p{Lu}/u.test(go.text(at + 1))) {
      test = go.text(at + 1).replace(/^test/, "");
      count = 0;
      go.variables.clear();
    } else if (test !== "" && [":=", "="].includes(go.text(at + 1)) && go.tokens[at]?.kind === "name") {
      if (go.text(at + 2) === "func") go.template(go.text(at), at + 2);
      else go.variables.set(go.text(at), go.value(at + 2).value);
    } else if (go.text(at) === "checkLinterWarnings" && go.text(at + 1) === "(" && go.text(at + 2) === "t") {
      if (go.text(at - 1) === "func") continue;
      const key = `${test}#${++count}`;
      // checkLinterWarnings(t, sb, &lintTestParams{…})
      const one = checkOf(key, asObject(go.value(at + 6).value));
      if (one === undefined) unread.push(key);
      else checks.push(one);
    }
  }
  return { checks, unread };
}

function checkOf(key: string, given: { [key: string]: GoValue }): BuildkitCase | undefined {
  const { Dockerfile, DockerIgnore, FrontendAttrs } = given;
  if (typeof Dockerfile !== "string") return undefined;
  // What `docker build --check` says, which is told of stages that are not built, too; there the tests do not look at lines.
  const unmarshal = given["UnmarshalWarnings"] !== undefined;
  const expected = given["UnmarshalWarnings"] ?? given["Warnings"];
  const warnings = (Array.isArray(expected) ? expected : []).map(asObject);
  return {
    key,
    dockerfile: Dockerfile,
    dockerignore: typeof DockerIgnore === "string" ? DockerIgnore : undefined,
    attributes: Object.fromEntries(
      Object.entries(asObject(FrontendAttrs)).map(([name, value]) => [name, asText(value)]),
    ),
    warnings: warnings.map((warning) => ({
      rule: asText(warning["RuleName"]),
      line: unmarshal ? undefined : Number(warning["Line"]),
    })),
    fails: given["BuildErr"] !== undefined || given["StreamBuildErrRegexp"] !== undefined,
  };
}

function readParserFiles(mirror: Mirror): BuildkitCases["parser"] {
  const entries = mirror
    .entries()
    .filter(({ path }) => /^frontend\/dockerfile\/parser\/testfiles[^/]*\/[^/]+\/\w+$/.test(path));
  const texts = mirror.read(entries).map((bytes) => bytes.toString("utf8"));
  const textOf = (path: string): string | undefined => texts[entries.findIndex((one) => one.path === path)];
  return entries
    .filter(({ path }) => basename(path) === "Dockerfile")
    .map(({ path }) => ({
      name: basename(dirname(path)),
      dockerfile: textOf(path) ?? "",
      // Those of testfiles-negative have none.
      result: textOf(`${dirname(path)}/result`),
    }));
}

function readVariables(source: string): BuildkitCases["variables"] {
  return source.split("\n").flatMap((row, index) => {
    const [platform, word, expected] = row.split("|").map((cell) => cell.trim());
    if (row.startsWith("#") || word === undefined || platform === "W") return [];
    return [{ line: index + 1, source: word, expected: expected === "error" ? undefined : expected }];
  });
}

function readWords(source: string): BuildkitCases["words"] {
  const environment: Record<string, string> = {};
  return source.split("\n").flatMap((row) => {
    if (row.startsWith("#") || row === "") return [];
    if (row.startsWith("ENV ")) {
      const [, name = "", value = ""] = /^ENV (\w+)=([^]*)$/.exec(row) ?? [];
      environment[name] = value;
      return [];
    }
    const [word = "", words = ""] = row.split("|");
    const expected = words.replace(/^ /, "");
    return [
      {
        environment: { ...environment },
        source: word.trim(),
        expected: expected.trim() === "error" ? undefined : expected.split(","),
      },
    ];
  });
}

function readLexer(source: string): BuildkitCases["lexer"] {
  const table = assigned(new GoReader(readGo(source)), "tc");
  return (Array.isArray(table) ? table : []).map(asObject).map((one, index) => ({
    key: `lex_test#${index + 1}`,
    environment: Object.fromEntries(
      Object.entries(asObject(one["envs"])).map(([name, value]) => [name, asText(value)]),
    ),
    source: asText(one["input"]),
    expected: one["expectedErr"] === true ? undefined : asText(one["expected"]),
    unset: Object.keys(asObject(one["unmatched"])),
  }));
}

function readHeredocs(source: string): BuildkitCases["heredocs"] {
  const go = new GoReader(readGo(source));
  return { dockerfile: asText(assigned(go, "dockerfile")), expected: assigned(go, "tests") };
}

/** The value of the first `name := value`. */
function assigned(go: GoReader, name: string): GoValue {
  const at = go.tokens.findIndex((_, index) => go.text(index) === name && go.text(index + 1) === ":=");
  return go.value(at + 2).value;
}

function reader(mirror: Mirror): (path: string) => string {
  const entries = mirror.entries();
  return (path) => {
    const entry = entries.find((one) => one.path === path);
    if (entry === undefined) throw new Error(`moby/buildkit has no ${path} at ${mirror.commit}`);
    return mirror.read([entry])[0]?.toString("utf8") ?? "";
  };
}

function asObject(value: GoValue): { [key: string]: GoValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function asText(value: GoValue): string {
  return typeof value === "string" ? value : "";
}

if (import.meta.main)
  process.stdout.write(`${JSON.stringify(readBuildkitCases(process.argv[2] ?? ""), undefined, 1)}\n`);
