import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Builder, builderTools, type Built, openBuilder, type Running } from "../bench/init/build.ts";
import { type Sample, samples } from "../bench/init/samples.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

// Packages come from Debian's mirrors and from PyPI: that is not for the tests that everybody runs.
const asked = process.env["DDIFF_TEST_INIT_BUILDS"] === "1";
const missing = firstMissing(
  asked ? undefined : "DDIFF_TEST_INIT_BUILDS is not 1 (it builds images from the network)",
  notRoot(),
  ...builderTools.map(toolMissing),
);

describePlace("init-build", missing, () => {
  let builder: Builder;
  beforeAll(async () => {
    builder = await openBuilder();
  }, 300_000);
  afterAll(() => builder?.stop(), 60_000);

  test.each(samples.map((sample) => [sample.name, sample] as const))(
    "%s: what ddiff init writes builds, and runs as its user in a root that cannot be written to",
    async (_name, sample) => {
      const built = await builder.build(sample);
      expect(built.config.User).toBe("10001:10001");
      const running = await built.start();
      try {
        if (sample.answers === undefined) await ends(sample, running);
        else await serves(sample.answers, built, running);
      } finally {
        await running.stop();
      }
    },
    300_000,
  );
});

async function ends({ prints }: Sample, running: Running): Promise<void> {
  const { status, output } = await running.wait();
  expect(output).toContain(prints);
  expect(status).toBe(0);
}

async function serves(
  { port, says }: NonNullable<Sample["answers"]>,
  built: Built,
  running: Running,
): Promise<void> {
  expect(built.config.Healthcheck?.Test[0]).toBe("CMD");
  let health = -1;
  for (let attempt = 0; attempt < 60 && health !== 0; attempt++) {
    await sleep(500);
    health = await running.health();
  }
  expect(health, (await running.exec("true")).output).toBe(0);
  const ask = `import urllib.request as r; print(r.urlopen('http://127.0.0.1:${port}/').read().decode())`;
  const answer = await running.exec("python", "-c", ask);
  expect(JSON.parse(answer.output)).toEqual(JSON.parse(says));
  expect(await running.exec("touch", "/cache/mine", "/app/outputs/mine", "/tmp/mine")).toMatchObject({
    status: 0,
  });
  for (const path of ["/app/mine", "/app/.venv/mine", "/usr/bin/mine"]) {
    expect((await running.exec("touch", path)).status, path).not.toBe(0);
  }
  const tools = await running.exec("sh", "-c", "command -v gcc uv; true");
  expect(tools.output, "a compiler or uv is in the image that serves").toBe("");
}
