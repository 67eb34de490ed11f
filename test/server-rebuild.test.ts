import { readFile, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sampleBytes } from "../src/codec/exact/testing/sample.ts";
import { addImage, openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar } from "../src/delta/testing/tars.ts";
import { digestOf } from "../src/oci/digest.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { ddiff, type Ran, run } from "./support/run.ts";
import { s3Missing, startS3 } from "./support/s3-server.ts";
import { freePort, startServer, type TestServer } from "./support/server.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

/** One version of an application: of a large library a little changes. */
function version(number: number): Buffer {
  const library = sampleBytes(12_000_000);
  for (let at = 5000; at < library.length; at += 900_000) library[at] = number;
  return makeTar([
    { path: "lib/library.so", bytes: library },
    { path: "app.py", bytes: makeContent({ kind: "text", seed: 3, size: 20_000, edits: number }) },
  ]);
}

let shop: Workshop;
/** Places of the workshop, and the digest of the second. */
let base = "";
let target = "";
let digest = "";
let bundle = "";
let bundleBytes = 0;
let server: TestServer | undefined;
let starts = 0;
beforeAll(async () => {
  shop = await openWorkshop();
  const store = new MemoryStore();
  base = await shop.write(store, addImage(store, [{ tar: version(1) }]), "work:app:1");
  target = await shop.write(store, addImage(store, [{ tar: version(2) }]), "work:app:2");
  digest = (await shop.read(target)).root.digest;
  ({ file: bundle } = await shop.diff([base], [target], { requireExact: true }));
  bundleBytes = (await stat(bundle)).size;
}, 60_000);
afterAll(() => shop.close());
afterEach(async () => {
  await server?.stop("SIGKILL");
  server = undefined;
});

async function start(...more: string[]): Promise<void> {
  server = await startServer(["--data", shop.path(`data-${starts++}`), "--metrics", "main", ...more]);
}

async function curl(...args: string[]): Promise<string> {
  return (await run("curl", ["-sS", "--fail-with-body", ...args])).stdout;
}

async function skopeo(...args: string[]): Promise<string> {
  const ran = await run("skopeo", args);
  if (ran.status !== 0) throw new Error(`skopeo ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout.trim();
}

const pushBase = (name: string, ...login: string[]): Promise<string> =>
  skopeo("copy", "--dest-tls-verify=false", ...login, base, `docker://${server?.host}/${name}`);

const digestThere = (name: string): Promise<string> =>
  skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", `docker://${server?.host}/${name}`);

function load(name: string, env: Record<string, string> = {}): Promise<Ran> {
  const args = ["load", bundle, "--require-exact", "--to", `docker://${server?.host}/${name}`];
  const own = { HOME: shop.folder, DDIFF_TMPDIR: shop.tempDir };
  return ddiff(args, { cwd: shop.folder, env: { ...own, ...env } });
}

/** Bytes of bodies that went to the server and came from it so far. */
async function onTheWire(): Promise<number> {
  const text = await (await fetch(`${server?.url}/metrics`)).text();
  const of = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1]);
  return of("ddiff_received_bytes_total") + of("ddiff_sent_bytes_total");
}

describePlace("skopeo", firstMissing(toolMissing("skopeo"), toolMissing("curl")), () => {
  it("a bundle makes the image in a server that has its base, and only the bundle travels", async () => {
    await start();
    await pushBase("app:1");
    const before = await onTheWire();
    const loaded = await load("app:2");
    expect(loaded).toMatchObject({ status: 0, stderr: "" });
    expect(loaded.stdout).toMatch(/app:2 is loaded, sha256:\w{12}: made there of a bundle of [\d.]+ kB\n$/);
    const travelled = (await onTheWire()) - before;
    expect(await digestThere("app:2")).toBe(digest);
    expect(bundleBytes).toBeLessThan(40_000);
    expect(travelled).toBeLessThan(bundleBytes + 2000);
    // The whole image, as another client gets it.
    await skopeo(
      "copy",
      "--src-tls-verify=false",
      `docker://${server?.host}/app:2`,
      `oci:${shop.path("back")}:app`,
    );
    expect((await shop.read(`oci:${shop.path("back")}:app`)).root.digest).toBe(digest);

    expect(await load("app:2")).toMatchObject({ status: 0, stderr: "" });
    expect(await digestThere("app:2")).toBe(digest);
    expect(server?.log()).toMatch(/"route":"rebuild","repository":"app","status":201/);
  }, 60_000);

  it("curl alone does it", async () => {
    await start();
    await pushBase("app:1");
    const name = digestOf(await readFile(bundle));
    const upload = `${server?.url}/v2/app/blobs/uploads/?digest=${name}`;
    await curl("-H", "Content-Type: application/octet-stream", "--data-binary", `@${bundle}`, upload);
    const answer = await curl(
      "-X",
      "POST",
      `${server?.url}/v2/app/_ddiff/bundles/rebuild?digest=${name}&tag=2`,
    );
    expect(JSON.parse(answer)).toEqual({ name: "app", tag: "2", digest });
    expect(await digestThere("app:2")).toBe(digest);
  }, 60_000);

  it("without the base it is refused with what is missing, and nothing appears", async () => {
    await start();
    const loaded = await load("app:2");
    expect(loaded).toMatchObject({ status: 3, stdout: "" });
    expect(loaded.stderr).toMatch(/1 of 1 layers of \S+ are not in docker:\/\//);
    await expect(digestThere("app:2")).rejects.toThrow(/manifest unknown|not found|no manifest/i);
  }, 60_000);

  it("a server that is told to make none gets the image as any registry does", async () => {
    const config = shop.path("none.yaml");
    await writeFile(config, "limits: { rebuilds: 0 }\n");
    await start("--config", config);
    await pushBase("app:1");
    const loaded = await load("app:2");
    expect(loaded).toMatchObject({ status: 0, stderr: "" });
    expect(loaded.stdout).toMatch(/MB written from a bundle of/);
    expect(await digestThere("app:2")).toBe(digest);
  }, 60_000);

  it.each([["passwords"], ["tokens"]])(
    "with %s the base may lie in another repository that the user may pull",
    async (kind) => {
      const port = await freePort();
      const { stdout } = await ddiff(["server", "htpasswd", "ann"], { input: "geheim\n" });
      await writeFile(shop.path("users"), stdout);
      const config = shop.path(`${kind}.yaml`);
      const rules = [
        "    - { repositories: [base/**], users: [ann], actions: [pull, push] }",
        "    - { repositories: [team/**], users: [ann], actions: [push, pull] }",
      ];
      const url = kind === "tokens" ? [`url: http://127.0.0.1:${port}`] : [];
      const lines = ["access:", "  htpasswd: users", "  rules:", ...rules, ...url];
      await writeFile(config, lines.join("\n"));
      await start("--config", config, "--listen", `127.0.0.1:${port}`);
      await pushBase("base/app:1", "--dest-creds", "ann:geheim");
      const place = `docker://${server?.host}/base/app:1`;
      const login = {
        HOME: shop.folder,
        DDIFF_TMPDIR: shop.tempDir,
        DDIFF_USERNAME: "ann",
        DDIFF_PASSWORD: "geheim",
        DDIFF_URL: `http://${server?.host}`,
      };
      const file = shop.path(`${kind}.ddiff`);
      const made = await ddiff(["diff", "-o", file, place, target], { cwd: shop.folder, env: login });
      expect(made).toMatchObject({ status: 0 });
      const args = ["load", file, "--to", `docker://${server?.host}/team/app:2`];
      const loaded = await ddiff(args, { cwd: shop.folder, env: login });
      expect(loaded).toMatchObject({ status: 0, stdout: expect.stringMatching(/made there/) });
      const options = ["--creds", "ann:geheim", "--tls-verify=false", "--format", "{{.Digest}}"];
      expect(await skopeo("inspect", ...options, `docker://${server?.host}/team/app:2`)).toBe(digest);
      const stranger = await load("team/app:3");
      expect(stranger.status).toBe(3);
    },
    60_000,
  );

  it("a server that is killed meanwhile shows all of the image or nothing, and does it when asked again", async () => {
    const data = shop.path("killed");
    for (const wait of [600, 1000, 1400]) {
      server = await startServer(["--data", data]);
      if (wait === 600) await pushBase("app:1");
      const loading = load("app:2");
      await sleep(wait);
      await server.stop("SIGKILL");
      // It cannot go on: what it does when the server is gone is another matter.
      const port = new URL(server.url).port;
      server = await startServer(["--data", data, "--listen", `127.0.0.1:${port}`]);
      const found = await digestThere("app:2").catch(() => "nothing");
      expect(["nothing", digest]).toContain(found);
      await loading;
      await server.stop();
    }
    server = await startServer(["--data", data]);
    expect(await load("app:2")).toMatchObject({ status: 0 });
    expect(await digestThere("app:2")).toBe(digest);
  }, 90_000);
});

describe("a server over a bucket", () => {
  describePlace("s3", firstMissing(s3Missing(), toolMissing("skopeo")), () => {
    it("makes the image of a bundle, too", async () => {
      const s3 = await startS3();
      try {
        server = await startServer(["--s3", await s3.makeBucket("bundles")], s3.env);
        await pushBase("app:1");
        const loaded = await load("app:2");
        expect(loaded).toMatchObject({ status: 0, stdout: expect.stringMatching(/made there/) });
        expect(await digestThere("app:2")).toBe(digest);
      } finally {
        await server?.stop("SIGKILL");
        await s3.stop();
      }
    }, 60_000);
  });
});
