import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allNames, allocated, du, spread, writeImages } from "./support/du/lab.ts";
import { newDocker, newDockerMissing } from "./support/engine-kinds.ts";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

const missing = firstMissing(newDockerMissing, toolMissing("python3"), toolMissing("skopeo"));
/** Images go in one by one, in milliseconds. */
const patience = 120_000;

describePlace("docker (containerd store)", missing, () => {
  let engine: TestEngine;
  let folder: string;
  let env: Record<string, string>;
  /** Where containerd, which Docker starts, keeps packed and unpacked layers. */
  let stored: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-du-new-"));
    engine = await startDocker({ program: newDocker ?? "" });
    env = { ...engine.env, DDIFF_CACHE_DIR: join(folder, "cache") };
    stored = join(engine.folder, "data/containerd/daemon");
    const layout = join(folder, "layout");
    await writeImages(layout, "gzip");
    // This skopeo is older than what this Docker still understands.
    const archive = (name: string): string => join(folder, `${name.replace(":", "-")}.tar`);
    await spread(layout, allNames, (name) => `docker-archive:${archive(name)}:${name}`);
    for (const name of allNames) await engine.run("docker", "load", "--quiet", "--input", archive(name));
    await engine.run("docker", "create", "--name", "kept", "--network", "none", "serve:bob", "/program");
  }, patience);

  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("packed and unpacked layers count, and containers by Docker's own names", async () => {
    const [place] = (await du(["docker-daemon:"], env)).places;
    expect(place?.measure).toBe("disk");
    expect(place?.images).toHaveLength(12);
    expect(place?.containers).toMatchObject([{ name: "kept", image: "serve:bob", running: false }]);
    // The rest is what containerd itself writes down: its databases, and folders that hold others.
    const counted = (place?.bytes ?? 0) / (await allocated(stored));
    expect(counted).toBeGreaterThan(0.97);
    expect(counted).toBeLessThan(1.001);
  });

  test("what a removal frees is what it said it would", async () => {
    const names = ["vision:alice", "vision:latest", "vision:bob", "vision:carol"];
    const { removals } = await du([...names.flatMap((name) => ["--remove", name]), "docker-daemon:"], env);
    const freed = removals?.[0]?.freed ?? 0;
    const before = await allocated(stored);
    await engine.run("docker", "rmi", ...names);
    expect(freed).toBeGreaterThan(1_000_000);
    await expect
      .poll(async () => (before - (await allocated(stored))) / freed, { timeout: 20_000 })
      .toBeCloseTo(1, 2);
  });
});
