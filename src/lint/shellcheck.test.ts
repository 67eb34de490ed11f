import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readDockerfile } from "../dockerfile/read.ts";
import { runShellcheck } from "./shellcheck.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-sc-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that says of its first script what is given, as ShellCheck would. */
function fake(comments: readonly object[], status = 1): string {
  const path = join(folder, `shellcheck-${Math.random()}`);
  const json = JSON.stringify({ comments });
  writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${json}\nEND\nexit ${status}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("what it says comes at its place in the Dockerfile, over continued lines and letters beyond the first plane", async () => {
  const text = "FROM scratch\nENV A=1\nRUN echo \u{1F600} && \\\n    # why\n    rm $x\n";
  const comment = { file: "/tmp/0.sh", level: "info", code: 2086, message: "Double quote." };
  const place = { line: 3, endLine: 3 };
  const joined = "echo \u{1F600} &&     rm $x";
  const column = Array.from(joined.slice(0, joined.indexOf("$x"))).length + 1;
  const program = fake([{ ...comment, ...place, column, endColumn: column + 2 }]);
  const [reports] = (await runShellcheck([readDockerfile(text)], program)) ?? [];
  expect(reports).toMatchObject([
    {
      code: "SC2086",
      severity: "info",
      message: "Double quote",
      at: { start: text.indexOf("$x"), end: text.indexOf("$x") + 2 },
    },
  ]);
});

test("where it is not installed nothing is said; where it fails that is an error", async () => {
  const file = readDockerfile("FROM scratch\nRUN true\n");
  expect(await runShellcheck([file], join(folder, "none"))).toBeUndefined();
  await expect(runShellcheck([file], fake([], 3))).rejects.toMatchObject({ code: "SHELLCHECK_FAILED" });
});
