import { chown } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Builder, builderTools, type Built, openBuilder, type Stage } from "../bench/init/build.ts";
import type { Running } from "../bench/init/compose-container.ts";
import { type Does, type Sample, samples } from "../bench/init/samples.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

// Packages come from Debian's mirrors and from PyPI: that is not for the tests that everybody runs.
const asked = process.env["DDIFF_TEST_INIT_BUILDS"] === "1";
const missing = firstMissing(
  asked ? undefined : "DDIFF_TEST_INIT_BUILDS is not 1 (it builds images from the network)",
  notRoot(),
  ...builderTools.map(toolMissing),
);
// Debian has no pixi: .ci/run builds the one of crates.io.
const pixi = process.env["DDIFF_TEST_PIXI"];

/** Who owns the source, for `dev`, where nobody says another. */
const owner = 1000;

// The bases are made once for all.
let opened: Promise<Builder> | undefined;
afterAll(async () => (await opened?.catch(() => undefined))?.stop(), 60_000);

describePlace("init-build", missing, () => describeSamples(samples.filter(({ locks }) => locks !== "pixi")));

describePlace(
  "init-build-pixi",
  missing ?? (pixi === undefined ? "DDIFF_TEST_PIXI does not name pixi" : undefined),
  () => describeSamples(samples.filter(({ locks }) => locks === "pixi")),
);

function describeSamples(these: readonly Sample[]): void {
  let builder: Builder;
  beforeAll(async () => {
    builder = await (opened ??= openBuilder(pixi));
  }, 900_000);

  test.each(these.map((sample) => [sample.name, sample] as const))(
    "%s: what ddiff init writes builds, and runs as its user in a root that cannot be written to",
    async (_name, sample) => {
      const project = await builder.prepare(sample);
      for (const [stage, does] of Object.entries(sample.stages) as [Stage, Does][]) {
        const built = await builder.build(project, stage);
        if (does.allows !== undefined) {
          expect(built.config.User).toBe(`${owner}:${owner}`);
          await chown(project, owner, owner);
          expect(await built.run("bash", "-c", does.allows)).toMatchObject({ status: 0 });
          continue;
        }
        expect(built.config.User).toBe("10001:10001");
        await writesOnlyWhereDeclared(built);
        await carriesNoTools(built, sample, stage, does);
        const running = await built.start();
        try {
          if (does.answers === undefined) await ends(does, running);
          else await serves(does.answers, built, running);
        } finally {
          await running.stop();
        }
      }
    },
    900_000,
  );
}

async function writesOnlyWhereDeclared(built: Built): Promise<void> {
  // What the user cannot look into it cannot write to.
  const look =
    "find / '(' -path /proc -o -path /sys -o -path /dev ')' -prune -o -writable ! -type l -print 2>/dev/null";
  const { output } = await built.run("sh", "-c", `${look}; true`);
  const tops = output.split("\n").filter((path, _at, all) => !all.some((one) => path.startsWith(`${one}/`)));
  expect(tops.sort()).toEqual(built.writable);
}

async function carriesNoTools(built: Built, { name }: Sample, stage: Stage, { lacks }: Does): Promise<void> {
  if (lacks !== undefined) {
    const { output } = await built.run("python", "-c", `import ${lacks}`);
    expect(output).toContain(`No module named '${lacks}'`);
  }
  // The base of R has a compiler itself, as CRAN has sources only.
  if (stage === "train-cpu" || name.startsWith("r-")) return;
  const found = await built.run("sh", "-c", "command -v gcc uv poetry pdm hatch pixi git; true");
  expect(found.output, "a tool of the build is in the image that serves").toBe("");
}

async function ends({ prints }: Does, running: Running): Promise<void> {
  const { status, output } = await running.wait();
  expect(output).toContain(prints);
  expect(status).toBe(0);
}

async function serves(
  { port, says }: NonNullable<Does["answers"]>,
  built: Built,
  running: Running,
): Promise<void> {
  expect(built.config.Healthcheck?.Test[0]).toBe("CMD");
  let health = await running.health();
  for (let attempt = 0; attempt < 120 && health.status !== 0; attempt++) {
    await sleep(250);
    health = await running.health();
  }
  expect(health.status, `${health.output}\n${await running.log()}`).toBe(0);
  // bash is in every image, whatever its language.
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
  const { output } = await running.exec("bash", "-c", ask);
  expect(JSON.parse(output.split(/\r?\n\r?\n/)[1] ?? "null"), output).toEqual(JSON.parse(says));
}
