import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeTar } from "../src/delta/testing/tars.ts";
import { damage, python } from "./support/check-image.ts";
import { CheckWorkshop, outcomes, rootlessMissing, startPodmanWithLimits } from "./support/check-workshop.ts";
import { dockerMissing, podmanMissing } from "./support/engine-kinds.ts";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { ddiff } from "./support/run.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

interface RunnerKind {
  runner: "docker" | "podman" | "rootless";
  missing: string | undefined;
  start?: () => Promise<TestEngine>;
}

const kinds: RunnerKind[] = [
  { runner: "rootless", missing: rootlessMissing },
  {
    runner: "docker",
    missing: firstMissing(dockerMissing, toolMissing("dpkg")),
    start: () => startDocker({ driver: "overlay2" }),
  },
  {
    runner: "podman",
    missing: firstMissing(podmanMissing, toolMissing("dpkg")),
    start: startPodmanWithLimits,
  },
];

for (const { runner, missing, start } of kinds) {
  describePlace(`check-${runner}`, missing, () => {
    let shop: CheckWorkshop;
    let engine: TestEngine | undefined;
    let given: Record<string, string> = {};

    beforeAll(async () => {
      shop = await CheckWorkshop.open();
      await shop.write("app:1");
      await shop.write("app:2", [makeTar(damage)]);
      engine = await start?.();
      given = engine?.env ?? {};
    }, 240_000);
    afterAll(async () => {
      if (engine !== undefined) {
        expect((await engine.run(runner, "ps", "--all", "--quiet")).trim()).toBe("");
        expect((await engine.run(runner, "images", "--all", "--quiet")).trim()).toBe("");
      }
      await engine?.stop();
      await shop.close();
    });

    it("checks what is found in an image and tells what does not work", async () => {
      const found = await shop.checked(["--runner", runner, shop.image("app:1")], given);
      expect(found.reports[0]).toMatchObject({ runner, platform: expect.stringMatching(/^linux\//) });
      expect(outcomes(found)).toMatchObject({
        "metadata settings": "passed",
        "command python3 starts": "passed",
        [`import good (${python})`]: "passed",
        [`import lingers (${python})`]: "passed",
        [`import bad (${python})`]: "failed",
        [`import hangs (${python})`]: "failed",
        [`import crashes (${python})`]: "failed",
        "script /usr/local/bin/good": "passed",
        "script /usr/local/bin/bad": "failed",
        "service what the image starts, at port 8000": "passed",
        "owner owner of /home/jovyan": "passed",
        "writable folders that the user may write to": "passed",
        "link links lead somewhere": "passed",
        "library libraries are found": "passed",
      });
      expect(found.status).toBe(1);
    }, 240_000);

    it("writes a list of what works, which passes then", async () => {
      const file = join(shop.folder, `generated-${runner}.yaml`);
      const made = await shop.check(
        ["--generate", "--runner", runner, "-o", file, shop.image("app:1")],
        given,
      );
      expect([made.status, made.stdout]).toEqual([0, expect.stringMatching(/has \d+ checks, 4 .* left out/)]);
      const text = await readFile(file, "utf8");
      expect(text).toMatch(/^# What works in app:1, linux\/\w+: found by ddiff .*, and run with /);
      expect(text).toContain(`#   import: hangs (${python}): it took longer than 6 s`);
      expect(text).toMatch(/modules: \[.*good, lingers.*\]/);
      const again = await shop.check(["--runner", runner, "-c", file, shop.image("app:1")], given);
      expect(again.stdout).toMatch(/\d+ checks passed\n$/);
      expect(again.status).toBe(0);
    }, 240_000);

    it("tells what worked in one image and does not in another", async () => {
      const file = await shop.checklist(`
importTests: [{name: python, language: python, interpreter: ${python}, modules: [good, bad]}]
serviceTests:
  - {name: web, command: python3, args: [-m, http.server, "9000"], port: 9000, path: /index.html, expectedStatus: [200], expectedContents: ['^it answers'], startWithin: 10}
linkTests: [{name: links}]`);
      const found = await shop.checked(
        ["--runner", runner, "-c", file, shop.image("app:1"), shop.image("app:2")],
        given,
      );
      expect(found.comparisons[0]?.lost.map(({ title }) => title).sort()).toEqual([
        "import: good (python)",
        "link: links",
        "service: web",
      ]);
      expect(found.comparisons[0]?.never).toEqual(["import: bad (python)"]);
      expect(found.status).toBe(1);
    }, 240_000);

    it("runs commands as container-structure-test does", async () => {
      const file = await shop.checklist(`
globalEnvVars: [{key: NAME, value: "$GREETING you"}]
commandTests:
  - {name: user and folder, command: sh, args: [-c, 'id -un; pwd; echo "$NAME"; printenv OWN'], envVars: [{key: OWN, value: mine}], expectedOutput: ['^jovyan\\n/home/jovyan\\nhello you\\nmine\\n$']}
  - {name: variables in words, command: echo, args: ["$GREETING", "\${NAME}", "$MISSING."], expectedOutput: ['^hello hello you \\.\\n$']}
  - {name: status, command: sh, args: [-c, exit 3], exitCode: 3}
  - {name: wrong status, command: sh, args: [-c, exit 4], exitCode: 3}
  - {name: setup, setup: [[sh, -c, 'echo one > a'], [sh, -c, 'cat a a > b']], teardown: [[rm, a]], command: cat, args: [b], expectedOutput: ['^one\\none\\n$']}
  - {name: nothing of others, command: ls, args: [a], exitCode: 2, expectedError: ['No such file']}
  - {name: not there, command: /no/such/program}
  - {name: hangs, command: sleep, args: ["1000"]}
  - {name: floods, command: sh, args: [-c, 'yes | head -c 30000000; echo end >&2'], expectedOutput: [y], expectedError: [end]}
  - {name: reads nothing, command: cat}
  - {name: knows localhost, command: python3, args: [-c, "import socket; print(socket.gethostbyname('localhost'))"], expectedOutput: [^127]}
  - {name: has no network, command: python3, args: [-c, "import socket; s = socket.socket(); s.settimeout(3); s.connect(('192.0.2.1', 80))"], exitCode: 1}
  - {name: excluded, command: echo, args: [secret], excludedOutput: [secret]}
containerRunOptions: {user: jovyan}`);
      const found = await shop.checked(["--runner", runner, "-c", file, shop.image("app:1")], given);
      const failed = Object.entries(outcomes(found)).filter(([, outcome]) => outcome !== "passed");
      expect(failed.map(([name]) => name)).toEqual([
        "command wrong status",
        "command not there",
        "command hangs",
        "command excluded",
      ]);
      const hanging = found.reports[0]?.results.find(({ name }) => name === "hangs");
      expect(hanging?.failures).toEqual(["it took longer than 6 s"]);
    }, 240_000);

    it("that is ended in the middle leaves nothing behind", async () => {
      const file = await shop.checklist("commandTests: [{name: long, command: sleep, args: ['77777']}]");
      const { status } = await ddiff(
        ["check", "--runner", runner, "--timeout", "3600", "-c", file, shop.image("app:1")],
        {
          env: { ...shop.env, ...given },
          whileRunning: (child) => {
            const wait = setInterval(() => {
              if (!sleeps()) return;
              clearInterval(wait);
              child.kill("SIGTERM");
            }, 100);
          },
        },
      );
      expect(status).toBe(143);
      expect(sleeps()).toBe(false);
      expect(await readdir(join(shop.folder, "tmp"))).toEqual([]);
    }, 240_000);
  });
}

/** Whether the command of the test above runs anywhere. */
function sleeps(): boolean {
  return execFileSync("ps", ["-eo", "args="], { encoding: "utf8" }).split("\n").includes("sleep 77777");
}
