import { describe, expect, it } from "vitest";
import type { Answers } from "../answers.ts";
import { readIgnoreFile } from "../../dockerfile/read-ignore-file.ts";
import { targetNames } from "../choices.ts";
import { targets } from "../targets.ts";
import { answersFor, cases } from "../testing/answers.ts";
import { ignore } from "./ignore.ts";

const leavesOut = (answers: Answers, path: string): boolean =>
  readIgnoreFile(ignore(answers)[0]?.text ?? "").ignores(path);

describe(".dockerignore", () => {
  it.each(cases.map((one) => [one.title, one.answers] as const))(
    "%s: no file that init writes is sent, but the scripts that the image has",
    (_, answers) => {
      const paths = targetNames.flatMap((name) => targets[name](answers)).map((one) => one.path);
      for (const path of [...paths, "ddiff.yaml"])
        expect([path, leavesOut(answers, path)]).toEqual([path, !path.startsWith("container/")]);
    },
  );

  it.each([
    ["a package", { sources: ["k8s", "main.py"] }, "k8s/client.py"],
    ["a folder that a part of is the program", { sources: ["build/steps", "main.py"] }, "build/steps/a.py"],
    ["a member of a workspace", { sources: ["main.py"], workspace: ["dist/core"] }, "dist/core/a.py"],
  ] as const)("sends %s, whatever its name", (_, more, path) => {
    expect(leavesOut(answersFor("uv", more), path)).toBe(false);
  });
});
