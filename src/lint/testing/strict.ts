import { lint, type LintedFile } from "../lint.ts";

/** What the strictest profile finds in the files of a folder, every finding of it. */
export async function lintStrictly(folder: string): Promise<readonly LintedFile[]> {
  const { files } = await lint({
    paths: [folder],
    cwd: folder,
    config: undefined,
    context: undefined,
    stdin: undefined,
    baseline: false,
    today: Date.UTC(2026, 10, 21),
    only: [],
    profile: "strict",
    failOn: undefined,
    shellcheck: false,
    all: true,
    target: {},
  });
  return files;
}
