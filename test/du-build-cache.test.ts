import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allocated, du } from "./support/du/lab.ts";
import { dockerMissing } from "./support/engine-kinds.ts";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

/** The client of the distribution brings BuildKit with it; one that was installed beside it may lack its buildx. */
const client = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";
const patience = 120_000;

describePlace("du-docker", firstMissing(dockerMissing, toolMissing("python3")), () => {
  let engine: TestEngine;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-du-cache-"));
    engine = await startDocker({ driver: "overlay2" });
  }, patience);

  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "what BuildKit keeps for builds is counted once, and is what a prune gives back",
    async () => {
      const context = join(folder, "context");
      await mkdir(context);
      await writeFile(join(context, "left"), randomBytes(3_000_000));
      await writeFile(join(context, "taken"), randomBytes(1_000_000));
      await writeFile(
        join(context, "Dockerfile"),
        "FROM scratch AS first\nCOPY left taken /\nFROM scratch\nCOPY --from=first /taken /\n",
      );
      await engine.run("env", "DOCKER_BUILDKIT=1", client, "build", "--tag", "built", context);
      const layers = join(engine.folder, "data/overlay2");
      const env = { ...engine.env, DDIFF_CACHE_DIR: join(folder, "cache") };
      const costs = async (): Promise<{ images: number; cache: number }> => {
        const [place] = (await du(["docker-daemon:"], env)).places;
        return { images: place?.purposes.images ?? 0, cache: place?.purposes.cache ?? 0 };
      };

      const before = await costs();
      const stored = await allocated(layers);
      // The context, and the stage that no image has; the layer that the image has is the image's.
      expect(before.cache).toBeGreaterThan(8_000_000);
      expect(before.images).toBeLessThan(1_100_000);

      await engine.run("docker", "builder", "prune", "--all", "--force");
      const after = await costs();
      expect(after.images).toBe(before.images);
      expect(before.cache - after.cache).toBe(stored - (await allocated(layers)));
      expect(after.cache).toBeLessThan(20_000);
    },
    patience,
  );
});
