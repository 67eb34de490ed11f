import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { noise, writeImage } from "./support/images.ts";
import { ddiff, type Ran } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

interface Kind {
  start(): Promise<TestEngine>;
  transport: string;
  /** The builder, as typed, and its plainest arguments. */
  builders: string[][];
  image(engine: TestEngine, name: string): Promise<string>;
}

const kinds: Record<string, Kind> = {
  docker: {
    start: () => startDocker(),
    transport: "docker-daemon",
    builders: [[], ["docker", "build"], ["docker", "image", "build"]],
    image: (engine, name) => engine.run("docker", "image", "inspect", "-f", "{{.Id}}", name),
  },
  podman: {
    start: () => startPodman(),
    transport: "containers-storage",
    builders: [
      ["podman", "build"],
      ["buildah", "bud"],
    ],
    image: async (engine, name) =>
      `sha256:${await engine.run("podman", "image", "inspect", "-f", "{{.Id}}", name)}`,
  },
};

for (const [place, kind] of Object.entries(kinds)) {
  const missing = firstMissing(
    notRoot(),
    toolMissing(place),
    toolMissing(place === "docker" ? "dockerd" : "buildah"),
  );
  describePlace(place, missing, () => {
    let engine: TestEngine;
    let folder: string;
    const model = noise("model", 500_000);

    beforeAll(async () => {
      engine = await kind.start();
      folder = join(engine.folder, "work");
      await mkdir(join(folder, "ctx"), { recursive: true });
      await writeImage(`oci:${folder}/images:lab/base:1`, [{ "model.bin": model }], folder);
      const copied = await cli("copy", "oci:images:lab/base:1", `${kind.transport}:lab/base:1`);
      expect(copied).toMatchObject({ status: 0 });
      await writeFile(join(folder, "ctx", "app.py"), "print(1)\n");
      // The base's content comes again in the new layer: a diff against any other image would carry it.
      await writeFile(join(folder, "ctx", "model.bin"), model);
      await writeFile(
        join(folder, "ctx", "Dockerfile"),
        `# syntax=docker/dockerfile:1\nARG TAG=none\nFROM scratch AS other\nFROM lab/base:\${TAG} as app\nCOPY app.py model.bin /app/\nLABEL note="x"\nFROM other\nCOPY app.py /\n`,
      );
    }, 120_000);
    afterAll(() => engine.stop(), 60_000);

    function cli(...args: string[]): Promise<Ran> {
      return ddiff(args, { cwd: folder, env: { ...engine.env, DDIFF_CACHE_DIR: join(folder, "cache") } });
    }

    test.each(kind.builders.map((builder, at) => [builder.join(" ") || "(not named)", builder, at] as const))(
      "%s: builds, and the bundle holds what the base lacks",
      async (_name, builder, at) => {
        const words = [
          "--target",
          "app",
          "--build-arg",
          "TAG=1",
          "--label",
          "note=a b $HOME",
          "-t",
          `lab/app:${at}`,
          "ctx",
        ];
        const built = await cli("build", ...builder, ...words);
        expect(built.stderr).not.toMatch(/^ddiff:/m);
        expect(built.status).toBe(0);
        expect(built.stdout.trimEnd().split("\n").at(-1)).toMatch(
          new RegExp(`^lab-app-${at}\\.ddiff: [\\d.]+ k?B instead of \\d{3} kB$`),
        );
        const show = JSON.parse((await cli("show", `lab-app-${at}.ddiff`, "--json")).stdout) as {
          bundleBytes: number;
          base: { layersNeeded: string[] };
        };
        expect(show.bundleBytes).toBeLessThan(50_000);
        expect(show.base.layersNeeded).toHaveLength(1);
        const id = (await kind.image(engine, `lab/app:${at}`)).trim();
        const loaded = await cli(
          "load",
          `lab-app-${at}.ddiff`,
          "--to",
          `oci:loaded${at}`,
          "--base",
          "oci:images:lab/base:1",
        );
        expect(loaded).toMatchObject({ status: 0 });
        const have = JSON.parse((await cli("have", `oci:loaded${at}`)).stdout) as {
          images: { id: string }[];
        };
        expect(have.images.map((image) => image.id)).toEqual([id]);
      },
      120_000,
    );

    test("without a tag the image is found by its ID", async () => {
      const built = await cli(
        "--json",
        "build",
        "--bundle",
        "untagged.ddiff",
        ...(kind.builders.at(-1) ?? []),
        "--target",
        "app",
        "--build-arg",
        "TAG=1",
        "ctx",
      );
      expect(JSON.parse(built.stdout)).toMatchObject({ files: ["untagged.ddiff"], layersKept: 1 });
    }, 120_000);

    test("a build that fails leaves no bundle", async () => {
      await writeFile(join(folder, "bad"), "FROM lab/base:1\nCOPY missing /\n");
      const failed = await cli(
        "build",
        ...(kind.builders.at(-1) ?? []),
        "-f",
        "bad",
        "-t",
        "lab/bad:1",
        "ctx",
      );
      expect(failed.status).toBe(3);
      expect(failed.stderr).toMatch(/ended with status \d+, so no bundle was written/);
      expect(await readdir(folder)).not.toContain("lab-bad-1.ddiff");
    }, 120_000);
  });
}
