import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DdiffError } from "../../util/errors.ts";
import { chooseBuilder } from "../build/builder.ts";
import { baseBuilder } from "./builder.ts";

describe("what stands behind docker's name", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-builder-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A program called docker that prints this when it is asked for help. */
  async function docker(script: string, ...words: string[]) {
    const path = join(folder, "docker");
    await writeFile(path, `#!/bin/sh\ncase "$*" in *--help) ;; *) exit 9 ;; esac\n${script}\n`);
    await chmod(path, 0o755);
    return baseBuilder(chooseBuilder([path, ...words], () => false, false));
  }

  const buildKit = "echo '      --secret stringArray   Secret to expose to the build'";

  test("BuildKit, as docker build and as buildx", async () => {
    expect(await docker(buildKit, "build", "--no-cache")).toMatchObject({
      kind: "docker",
      args: ["--no-cache"],
    });
    expect(await docker(buildKit, "buildx", "build")).toMatchObject({ kind: "buildx" });
  });

  test("Podman under docker's name is asked as Podman", async () => {
    const podman = await docker(
      "echo 'Build an image using instructions from Containerfiles'; echo '  --secret stringArray'",
      "build",
    );
    expect(podman).toMatchObject({ kind: "podman", transport: "containers-storage" });
  });

  test.each([
    ["the classic builder", "echo '  --squash    Squash newly built layers'", ["build"]],
    [
      "BuildKit asked for without buildx",
      "echo 'ERROR: the buildx component is missing or broken.' >&2; exit 1",
      ["build"],
    ],
    [
      "buildx that is not there",
      "echo 'Management Commands:'; echo '  secret   Manage Docker secrets'",
      ["buildx", "build"],
    ],
  ])("%s is refused before anything is built", async (_what, script, words) => {
    const refused = await docker(script, ...words).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DdiffError);
    expect(refused).toMatchObject({
      code: "BUILDKIT_MISSING",
      hint: expect.stringContaining("DOCKER_BUILDKIT=1"),
    });
  });

  test("a docker that cannot be asked is left to say why", async () => {
    expect(await docker("exit 125", "build")).toMatchObject({ kind: "docker" });
  });
});
