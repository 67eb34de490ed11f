/**
 * Asks others about what `ddiff init` writes: `node bench/init/oracles.ts FOLDER`. The folder has a node_modules with any of
 * @devcontainers/cli, kubernetes-models, ajv; bin/hadolint, bin/tally, bin/actionlint (which asks ShellCheck too, where it is), bin/kustomize; compose-spec.json of compose-go. What is not there is passed over and said.
 * Prints a line for each oracle, and what it had against a file; exit status 1 where one had something.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { Answers, OutputFile } from "../../src/scaffold/answers.ts";
import { targets } from "../../src/scaffold/targets.ts";
import { cases } from "../../src/scaffold/testing/answers.ts";

const run = promisify(execFile);
const home = resolve(process.argv[2] ?? ".");
const load = createRequire(join(home, "package.json"));

interface Oracle {
  readonly name: string;
  readonly isThere: () => boolean;
  /** Sentences about what is wrong. `folder` has the files. */
  readonly ask: (files: readonly OutputFile[], folder: string) => Promise<string[]>;
  /** Ask about so many of the cases only, as it is slow. */
  readonly most?: number;
}

const oracles: readonly Oracle[] = [
  { name: "hadolint", isThere: () => existsSync(join(home, "bin", "hadolint")), ask: askHadolint },
  {
    name: "BuildKit's checks, by tally",
    isThere: () => existsSync(join(home, "bin", "tally")),
    ask: askTally,
  },
  { name: "actionlint", isThere: () => existsSync(join(home, "bin", "actionlint")), ask: askActionlint },
  { name: "kubernetes-models", isThere: () => hasPackage("kubernetes-models"), ask: askKubernetesModels },
  {
    name: "kustomize build",
    isThere: () => existsSync(join(home, "bin", "kustomize")),
    ask: askKustomize,
    most: 12,
  },
  {
    name: "compose-spec's schema",
    isThere: () => existsSync(join(home, "compose-spec.json")),
    ask: askComposeSchema,
  },
  {
    name: "devcontainer read-configuration",
    isThere: () => hasPackage("@devcontainers/cli/package.json"),
    ask: askDevcontainer,
    most: 4,
  },
];

let wrong = 0;
for (const oracle of oracles) {
  if (!oracle.isThere()) {
    console.log(`${oracle.name}: not there`);
    continue;
  }
  let asked = 0;
  for (const { title, answers } of cases.slice(0, oracle.most ?? cases.length)) {
    const files = everything(answers);
    const folder = await mkdtemp(join(tmpdir(), "ddiff-oracle-"));
    try {
      for (const file of files) {
        await mkdir(dirname(join(folder, file.path)), { recursive: true });
        await writeFile(join(folder, file.path), file.text);
      }
      asked += 1;
      for (const sentence of await oracle.ask(files, folder)) {
        wrong += 1;
        console.log(`${oracle.name}, ${title}: ${sentence}`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  console.log(`${oracle.name}: ${asked} projects asked about`);
}
process.exitCode = wrong > 0 ? 1 : 0;

function everything(answers: Answers): OutputFile[] {
  return Object.values(targets).flatMap((target) => target(answers));
}

function hasPackage(name: string): boolean {
  try {
    load.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** With its default settings. */
async function askHadolint(_files: readonly OutputFile[], folder: string): Promise<string[]> {
  const { stdout } = await run(join(home, "bin", "hadolint"), ["--no-fail", join(folder, "Dockerfile")]);
  return linesOf(stdout);
}

interface TallyReport {
  files: { violations: { rule: string; message: string }[] }[];
}

/** Of its rules, those that are BuildKit's own. */
async function askTally(_files: readonly OutputFile[], folder: string): Promise<string[]> {
  const args = ["lint", "--no-config", "--slow-checks=off", "--fail-level", "none", "-f", "json"];
  const { stdout } = await run(join(home, "bin", "tally"), [...args, join(folder, "Dockerfile")]);
  const { files } = JSON.parse(stdout) as TallyReport;
  return files
    .flatMap(({ violations }) => violations)
    .filter(({ rule }) => rule.startsWith("buildkit/"))
    .map(({ rule, message }) => `${rule}: ${message}`);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

async function askActionlint(files: readonly OutputFile[], folder: string): Promise<string[]> {
  const workflows = files.filter((one) => one.path.startsWith(".github/workflows/"));
  if (workflows.length === 0) return [];
  const paths = workflows.map((one) => join(folder, one.path));
  try {
    await run(join(home, "bin", "actionlint"), ["-oneline", ...paths]);
    return [];
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error)
      .split("\n")
      .filter((one) => one !== "");
  }
}

interface Manifest {
  apiVersion?: string;
  kind?: string;
}

async function askKubernetesModels(files: readonly OutputFile[]): Promise<string[]> {
  return files.filter(isManifest).flatMap((file) =>
    manifestsIn(file.text).flatMap((manifest) => {
      const { apiVersion = "", kind = "" } = manifest;
      const folder = apiVersion.includes("/")
        ? apiVersion.replace(/^(apps|batch|autoscaling)\//, "$1/")
        : apiVersion;
      const models = load(`kubernetes-models/${folder}`) as Record<
        string,
        new (
          value: Manifest,
        ) => { validate(): void }
      >;
      const Model = models[kind];
      if (Model === undefined) return [`${file.path}: there is no ${apiVersion} ${kind}`];
      try {
        new Model(manifest).validate();
        return [];
      } catch (error) {
        return [`${file.path}: ${String(error)}`];
      }
    }),
  );
}

function isManifest({ path }: OutputFile): boolean {
  return path.startsWith("k8s/") && !path.endsWith("kustomization.yaml");
}

function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((one) => one.toJS() as Manifest);
}

/** Each overlay has to build, and what comes out has to be whole: a GPU's limit, an image with a tag. */
async function askKustomize(files: readonly OutputFile[], folder: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { path } of files.filter((one) => /^k8s\/\w+\/[cg]pu\/kustomization\.yaml$/.test(one.path))) {
    try {
      const { stdout } = await run(join(home, "bin", "kustomize"), ["build", dirname(join(folder, path))]);
      const built: OutputFile = { path: `k8s/${path}.built`, text: stdout };
      if (hasPackage("kubernetes-models")) problems.push(...(await askKubernetesModels([built])));
      if (path.includes("/gpu/") && !stdout.includes("nvidia.com/gpu: "))
        problems.push(`${path}: asks for no GPU`);
      if (!/image: \S+:(?:cu|cpu)/.test(stdout)) problems.push(`${path}: its image has no tag of ours`);
    } catch (error) {
      problems.push(`${path}: ${String((error as { stderr?: string }).stderr ?? error)}`);
    }
  }
  return problems;
}

async function askComposeSchema(files: readonly OutputFile[]): Promise<string[]> {
  const { default: Ajv } = load("ajv/dist/2020") as {
    default: new (
      options: object,
    ) => {
      compile(schema: unknown): {
        (value: unknown): boolean;
        errors?: { instancePath: string; message?: string }[];
      };
    };
  };
  const schema = JSON.parse(await readFile(join(home, "compose-spec.json"), "utf8")) as { $schema?: string };
  delete schema.$schema;
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  return files
    .filter((one) => /^compose[^/]*\.yaml$/.test(one.path))
    .flatMap((one) => {
      const [document] = parseAllDocuments(one.text);
      return validate(document?.toJS())
        ? []
        : (validate.errors ?? []).map((error) => `${one.path}${error.instancePath}: ${error.message ?? ""}`);
    });
}

async function askDevcontainer(_: readonly OutputFile[], folder: string): Promise<string[]> {
  const program = join(dirname(load.resolve("@devcontainers/cli/package.json")), "devcontainer.js");
  try {
    const { stdout } = await run(process.execPath, [
      program,
      "read-configuration",
      "--workspace-folder",
      folder,
      // It asks Docker for a running container; there is none.
      "--docker-path",
      "true",
    ]);
    const read = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
      configuration?: { build?: { target?: string } };
    };
    return read.configuration?.build?.target === "dev" ? [] : ["devcontainer.json: the target is not dev"];
  } catch (error) {
    return [`devcontainer.json: ${String((error as { stderr?: string }).stderr ?? error)}`];
  }
}
