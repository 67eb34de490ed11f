import { expect, it } from "vitest";
import { readDockerfile } from "../src/dockerfile/read.ts";
import { runShellcheck } from "../src/lint/shellcheck.ts";
import { describePlace, toolMissing } from "./support/tools.ts";

describePlace("shellcheck", toolMissing("shellcheck"), () => {
  it("finds what is wrong, at its place in the Dockerfile, and knows ENV and ARG", async () => {
    const text =
      'FROM debian:12\nARG known\nRUN rm $known\nSHELL ["/bin/bash", "-c"]\nRUN [[ -n $known ]] && echo ${unknown_one}\n';
    const [reports = []] = (await runShellcheck([readDockerfile(text)])) ?? [];
    expect(reports.map((one) => [one.code, text.slice(one.at.start, one.at.end)])).toEqual(
      expect.arrayContaining([
        ["SC2086", "$known"],
        ["SC2154", "${unknown_one}"],
      ]),
    );
    const ofKnown = reports.filter((one) => text.slice(one.at.start, one.at.end) === "$known");
    expect(ofKnown.map((one) => one.code)).not.toContain("SC2154");
  });
});
