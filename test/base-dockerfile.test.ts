import { expect, test } from "vitest";
import { buildkitParser, refusedBy } from "../bench/lint/real-files.ts";
import { baseDockerfile } from "../src/bases/dockerfile.ts";
import { cpuDefinition, gpuDefinition } from "../src/bases/examples.ts";
import { planBase } from "../src/bases/plan.ts";
import { readDefinition } from "../src/bases/read-definition.ts";
import { describePlace } from "./support/tools.ts";

const parser = buildkitParser();
const missing =
  parser === undefined ? "neither DDIFF_BUILDKIT_PARSER nor buildkit-parse on the PATH is there" : undefined;

describePlace("buildkit-parser", missing, () => {
  test("takes the Dockerfiles of bases", () => {
    const several = cpuDefinition.replace("22.04", "24.04").replace("[3.10]", "[3.12, 3.11]");
    const texts = [gpuDefinition, cpuDefinition, several].flatMap((text) =>
      [true, false].map((link) => baseDockerfile(planBase(readDefinition(text, "base.yaml")), { link })),
    );
    expect(
      refusedBy(parser ?? "", [...texts, "FROM scratch\nCOPPY a b\n"]).map((said) => said !== undefined),
    ).toEqual([...texts.map(() => false), true]);
  });
});
