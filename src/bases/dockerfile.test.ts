import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDockerfile } from "../dockerfile/read.ts";
import type { LintedFile } from "../lint/lint.ts";
import { lintStrictly } from "../lint/testing/strict.ts";
import { baseDockerfile } from "./dockerfile.ts";
import { cpuDefinition, gpuDefinition } from "./examples.ts";
import { planBase } from "./plan.ts";
import { readDefinition } from "./read-definition.ts";

const write = (text: string, link = true) =>
  baseDockerfile(planBase(readDefinition(text, "base.yaml")), { link });

const cases: readonly (readonly [string, string])[] = [
  ["the default", gpuDefinition],
  ["for CPUs", cpuDefinition],
  ["root", cpuDefinition.replace("{name: dev, id: 1000}", "root")],
  [
    "another Python, and Ubuntu with a user of its own",
    cpuDefinition.replace("22.04", "24.04").replace("[3.10]", "[3.12, 3.11]"),
  ],
  ["Debian, nothing else", "version: 1\nos: debian13\ncuda: cpu\npython: [3.13]\ntorch: [2.9.0]\n"],
  ["CUDA for running alone", gpuDefinition.replace("cudnn-devel", "base")],
  ["mirrors", `${cpuDefinition}indexes: {pypi: "https://pypi.lab/simple", torch: "https://torch.lab/whl"}\n`],
];

describe("the Dockerfile", () => {
  let folder: string;
  let linted: readonly LintedFile[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-bases-"));
    for (const [at, [, text]] of cases.entries()) {
      await mkdir(join(folder, String(at), "bin"), { recursive: true });
      await writeFile(join(folder, String(at), "Dockerfile"), write(text));
      await writeFile(join(folder, String(at), "bin", "base.py"), "");
    }
    linted = await lintStrictly(folder);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(cases.map(([title], at) => [title, at] as const))(
    "%s: no rule of the strictest profile finds anything",
    (_title, at) => {
      const own = linted.filter(({ absolute }) => absolute.startsWith(join(folder, String(at), "/")));
      expect(own).toHaveLength(1);
      expect(
        own.flatMap(({ findings }) => findings.map(({ rule, message }) => `${rule.name}: ${message}`)),
      ).toEqual([]);
    },
  );

  test.each(cases)("%s: is read without problems, and the same each time", (_title, text) => {
    const read = readDockerfile(write(text));
    expect(read.problems).toEqual([]);
    expect(write(text)).toBe(write(text));
  });

  test("has none of the flaws of the seed's", () => {
    const text = write(gpuDefinition);
    expect(text).not.toMatch(/sshd|openssh|root:root|apt-key|chmod|install_torch_env|; *(?:echo|true)/);
    expect(text.match(/^RUN .*apt-get/gm) ?? []).toHaveLength(0);
    expect(text.match(/apt-get install/g)).toHaveLength(1);
    // Lists of apt lie in a cache that no layer holds.
    expect(text).toContain("--mount=type=cache,target=/var/lib/apt,");
    expect(text).toMatch(/^USER 1000:1000$/m);
  });

  test("brings Pythons that the system does not have, in a folder that is no folder of packages", () => {
    const text = write(cpuDefinition.replace("[3.10]", "[3.10, 3.12]"));
    expect(text).toContain("uv python install --no-cache --no-bin 3.12");
    expect(text).toContain("UV_PYTHON_INSTALL_DIR=/opt/ddiff/runtimes");
    expect(text.match(/^COPY .*--from=python \/layer\/python\/ \/$/gm)).toHaveLength(2);
    expect(text).toContain("mv /opt/ddiff/runtimes /layer/python/opt/ddiff/");
  });

  test("leaves no folder of a part to the builder, which would date it by the clock", () => {
    const text = write(gpuDefinition);
    const copied = [...text.matchAll(/^COPY --link --from=(\S+) (\S+) (\S+)$/gm)].map(
      ([, ...words]) => words,
    );
    expect(copied.length).toBeGreaterThan(6);
    for (const [stage = "", from, to] of copied.slice(0, -1)) {
      expect([from, to]).toEqual([`/layer/${stage}/`, "/"]);
      const stageText = text.slice(text.indexOf(`FROM builder AS ${stage}\n`)).split("\n\n")[0];
      expect(stageText).toMatch(new RegExp(`mv /opt/ddiff/\\S+ /layer/${stage}/opt/ddiff/`));
      expect(stageText).toContain(`find /layer/${stage} -exec touch --no-dereference --date=@315532800 {} +`);
    }
    // What one step needs of another is looked for where that one laid it.
    expect(text).toMatch(
      /from=(common-\S+?),source=\/layer\/\1\/opt\/ddiff\/(\S+?),target=\/opt\/ddiff\/\2 /,
    );
  });

  test("does without COPY --link where the builder does not know it", () => {
    expect(write(gpuDefinition)).toContain("COPY --link --from=");
    const text = write(gpuDefinition, false);
    expect(text).not.toContain("--link");
    expect(text).toMatch(
      /^COPY --from=(torch-2\.5\.1-\S+) \/layer\/\1(\/opt\/ddiff\/\S+\/torch2\.5\.1) \2$/m,
    );
  });
});
