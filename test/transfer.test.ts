import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { noise, writeImage } from "./support/images.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { ddiff, type Ran } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const missing = firstMissing(
  notRoot(),
  toolMissing("docker-registry"),
  toolMissing("dockerd"),
  toolMissing("docker"),
);

describePlace("registry", missing, () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let folder: string;

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startDocker();
    folder = engine.folder;
    await writeImage(
      `oci:${folder}/images:app:1`,
      [{ model: noise("m", 100_000) }, { version: "1" }],
      folder,
    );
    await writeImage(
      `oci:${folder}/images:lab/app:2`,
      [{ model: noise("m", 100_000) }, { version: "2" }],
      folder,
    );
    expect(
      await cli(["copy", "--images", "-", "docker-daemon:"], "oci:images:app:1\noci:images:lab/app:2\n"),
    ).toMatchObject({ status: 0 });
  }, 120_000);
  afterAll(async () => {
    await engine.stop();
    await registry.stop();
  }, 60_000);

  function cli(args: string[], input?: string, more: Record<string, string> = {}): Promise<Ran> {
    const env = {
      ...engine.env,
      DDIFF_URL: `http://${registry.host}`,
      DDIFF_TMPDIR: join(folder, "tmp"),
      ...more,
    };
    return ddiff(args, { cwd: folder, env, ...(input === undefined ? {} : { input }) });
  }

  function place(name: string): string {
    return `docker://${registry.host}/${name}`;
  }

  test("push, list, delete and pull with bare names, as in the original", async () => {
    const pushed = await cli(["push", "app:1", "lab/app:2"]);
    expect(pushed).toMatchObject({ status: 0 });
    expect(pushed.stdout).toMatch(/2 images pushed: [\d.]+ k?B sent\n$/);
    expect((await cli(["list"])).stdout).toBe("app\nlab/app\n");
    expect((await cli(["list", "lab/app"])).stdout).toBe("2\n");
    expect(JSON.parse((await cli(["list", "app", "--json"])).stdout)).toEqual({
      repository: `${registry.host}/app`,
      tags: ["1"],
    });
    expect((await cli(["push", "app:1"])).stdout).toMatch(/app:1: \d{1,3} B sent, sha256:[0-9a-f]{12}\n$/);

    const id = await engine.run("docker", "image", "inspect", "-f", "{{.Id}}", "lab/app:2");
    await engine.run("docker", "rmi", "lab/app:2");
    const pulled = await cli(["pull", "lab/app:2"]);
    expect(pulled).toMatchObject({ status: 0 });
    expect(await engine.run("docker", "image", "inspect", "-f", "{{.Id}}", "lab/app:2")).toBe(id);

    const deleted = await cli(["delete", "lab/app:2"]);
    expect(deleted).toMatchObject({ status: 0 });
    expect(deleted.stdout).toMatch(/lab\/app:2: deleted, sha256:[0-9a-f]{12}\n$/);
    expect(await cli(["pull", "lab/app:2"])).toMatchObject({ status: 3, stdout: "" });
    expect((await cli(["delete", "lab/app:2"])).status).toBe(3);
  }, 120_000);

  test("DDIFF_DISABLE_RESPOSITORY makes one repository of a path, and 0 does not", async () => {
    await cli(["push", "lab/app:2"], undefined, { DDIFF_DISABLE_RESPOSITORY: "1" });
    expect((await cli(["list", "lab-app"])).stdout).toBe("2\n");
    await cli(["push", "lab/app:2"], undefined, { DDIFF_DISABLE_RESPOSITORY: "0" });
    expect((await cli(["list", "lab/app"])).stdout).toBe("2\n");
  }, 120_000);

  test("a list goes in parallel; what fails is told at the end, with status 1", async () => {
    await writeFile(
      join(folder, "list"),
      `oci:images:app:1\noci:images:none:1\noci:images:lab/app:2 docker://${registry.host}/other:9\n`,
    );
    const copied = await cli([
      "copy",
      "--images",
      "list",
      `docker://${registry.host}/mirror`,
      "--jobs",
      "3",
      "-q",
    ]);
    expect(copied.status).toBe(1);
    expect(copied.stdout).toMatch(/^oci:images:none:1: [^]*1 of 3 could not be copied\n$/);
    expect((await cli(["list", "mirror/app"])).stdout).toBe("1\n");
    expect((await cli(["list", "other"])).stdout).toBe("9\n");
    const json = await cli(["copy", "--images", "list", `docker://${registry.host}/mirror`, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      done: [{ from: expect.any(String) }, { from: expect.any(String) }],
      failed: [{ name: "oci:images:none:1", error: { code: expect.any(String) } }],
    });
  }, 120_000);

  test("diff and load from registry to registry, with no engine", async () => {
    await cli(["push", "app:1", "lab/app:2"]);
    const env = { DOCKER_HOST: "unix:///nowhere", PATH: "/nowhere" };
    const made = await cli(["diff", place("app:1"), place("lab/app:2"), "-o", "r.ddiff"], undefined, env);
    expect(made).toMatchObject({ status: 0 });
    const loaded = await cli(
      ["load", "r.ddiff", "--to", place("loaded:2"), "--base", place("app:1")],
      undefined,
      env,
    );
    expect(loaded).toMatchObject({ status: 0 });
    expect((await cli(["list", "loaded"])).stdout).toBe("2\n");
  }, 120_000);
});
