import { readIgnoreFile } from "../../src/dockerfile/read-ignore-file.ts";
import { checkFile } from "../../src/lint/check-file.ts";
import type { Finding } from "../../src/lint/finding.ts";
import { lint, type LintedFile, type LintOptions } from "../../src/lint/lint.ts";
import { readDockerfile } from "../../src/dockerfile/read.ts";
import type { RuleOptions } from "../../src/lint/rule.ts";
import { openSettings } from "../../src/lint/settings.ts";

/** A fixed day, so that ends of life do not change the tables. */
const today = Date.UTC(2026, 10, 21);

/** What a case of another linter's tests comes with. */
export interface CaseInput {
  dockerfile: string;
  dockerignore?: string | undefined;
  options?: Partial<RuleOptions>;
}

const everything = openSettings(
  { only: [], profile: "strict", failOn: undefined, shellcheck: false, all: true, target: {} },
  () => ({ gpus: [], driver: undefined }),
).of("Dockerfile", undefined);

/** What all our rules, those that are off by default among them, find in a Dockerfile that stands alone in its build context. */
export function findIn({ dockerfile, dockerignore, options }: CaseInput): readonly Finding[] {
  const files: Record<string, string> = { Dockerfile: dockerfile };
  if (dockerignore !== undefined) files[".dockerignore"] = dockerignore;
  const settings = { ...everything, options: { ...everything.options, ...options } };
  return checkFile(readDockerfile(dockerfile), settings, {
    path: "Dockerfile",
    target: settings.target,
    options: settings.options,
    today,
    contexts: new Set<string>(),
    ignore: dockerignore === undefined ? undefined : readIgnoreFile(dockerignore),
    files: Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
    read: (path) => files[path],
  }).findings;
}

/** Lints files on the disk as `ddiff lint` does without any configuration. */
export async function lintFiles(
  paths: readonly string[],
  more: Partial<LintOptions> = {},
): Promise<readonly LintedFile[]> {
  const { files } = await lint({
    paths,
    cwd: "/",
    config: undefined,
    context: undefined,
    stdin: undefined,
    baseline: false,
    today,
    only: [],
    profile: undefined,
    failOn: undefined,
    shellcheck: false,
    all: false,
    target: {},
    ...more,
  });
  return files;
}
