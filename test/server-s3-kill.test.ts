import { randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { openS3Store } from "../src/store/s3-store.ts";
import { type Ledger, newLedger } from "./support/ledger.ts";
import { checkRegistry, sorted, storedBy, thingsOf } from "./support/registry-check.ts";
import { pushImage, type RegistryClient, workOn } from "./support/registry-client.ts";
import { s3Missing, startS3, type TestS3 } from "./support/s3-server.ts";
import { ddiff } from "./support/run.ts";
import { bytesOf, randomOf } from "./support/seeded.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { describePlace } from "./support/tools.ts";

/** How often the service, and how often a server, is killed. */
const rounds = Number(process.env["DDIFF_KILL_ROUNDS"] ?? 2);
const seed = Number(process.env["DDIFF_KILL_SEED"] ?? randomInt(2 ** 31));
/** Milliseconds: collections take what is left while others push. */
const grace = 5000;
const megabyte = 1 << 20;

describePlace("s3", s3Missing(), () => {
  let s3: TestS3;
  let folder = "";
  let servers: TestServer[] = [];

  beforeAll(async () => {
    s3 = await startS3();
    folder = await mkdtemp(join(tmpdir(), "ddiff-server-s3-"));
  });
  afterAll(async () => {
    await s3.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop("SIGKILL")));
  });

  async function start(bucket: string): Promise<TestServer> {
    const file = join(folder, `server-${servers.length}.yaml`);
    await writeFile(
      file,
      `s3: ${bucket}\ngc: { every: 500ms, grace: ${grace}ms }\nlog: { requests: false }\n`,
    );
    const server = await startServer(["--config", file], s3.env);
    servers.push(server);
    return server;
  }

  /** After the grace a collection leaves nothing but the images. */
  async function checkLeftovers(bucket: string, { url }: TestServer, ledger: Ledger): Promise<void> {
    await sleep(grace + 2100);
    const config = join(folder, `server-0.yaml`);
    expect(await ddiff(["server", "gc", "--config", config], { env: s3.env })).toMatchObject({ status: 0 });
    const store = await openS3Store(bucket, s3.env);
    expect(sorted(await storedBy(store, Date.now()))).toEqual(thingsOf(ledger));
    await store.close();
    await checkRegistry(url, ledger, grace);
  }

  it(`a service that is killed ${rounds} times loses no image, and no server ends of it`, {
    timeout: 120_000 + rounds * 30_000,
  }, async () => {
    const bucket = await s3.makeBucket("registry");
    const server = await start(bucket);
    const ledger = newLedger();
    const random = randomOf(seed);
    const sums = { images: 0, tags: 0, bytes: 0, resumed: 0, ended: 0 };
    for (let round = 0; round < rounds; round++) {
      try {
        let over = false;
        const work = Promise.all(
          [0, 1, 2, 3].map((at) => workOn(clientOf(server.url, ledger, `client${at}`, () => over))),
        );
        for (let kill = 0; kill < 2; kill++) {
          await sleep(100 + random.below(1500));
          await s3.kill();
          // Shorter and longer than a client of the service is ready to try again.
          await sleep(random.pick([10, 300, 3000]));
          await s3.start();
        }
        await sleep(300);
        over = true;
        await work;
        expect(server.child.exitCode, server.log()).toBeNull();
        const checked = await checkRegistry(server.url, ledger, grace);
        for (const key of ["images", "tags", "bytes", "resumed", "ended"] as const) sums[key] += checked[key];
      } catch (error) {
        throw new Error(
          `round ${round} of DDIFF_KILL_SEED=${seed}: ${String(error)}\n${server.log().slice(-3000)}`,
          {
            cause: error,
          },
        );
      }
    }
    expect(ledger.counts.pushes).toBeGreaterThan(rounds);
    await checkLeftovers(bucket, server, ledger);
    process.stderr.write(
      `seed ${seed}, ${rounds * 2} kills of the service: ${JSON.stringify({ ...ledger.counts, ...sums })}\n`,
    );
  });

  it(`a server that is killed ${rounds} times beside another on its bucket loses nothing, and the other goes on`, {
    timeout: 120_000 + rounds * 30_000,
  }, async () => {
    const bucket = await s3.makeBucket();
    const other = await start(bucket);
    const ledger = newLedger();
    const random = randomOf(seed);
    const sums = { images: 0, tags: 0, bytes: 0, resumed: 0, ended: 0 };
    for (let round = 0; round < rounds; round++) {
      try {
        const dying = await start(bucket);
        let over = false;
        const work = Promise.all(
          [0, 1, 2, 3].map((at) =>
            workOn(clientOf(at % 2 === 0 ? other.url : dying.url, ledger, `client${at}`, () => over)),
          ),
        );
        await sleep(200 + random.below(2000));
        await dying.stop("SIGKILL");
        over = true;
        await work;
        // All through the one that is left, uploads of the dead one, too.
        const checked = await checkRegistry(other.url, ledger, grace);
        for (const key of ["images", "tags", "bytes", "resumed", "ended"] as const) sums[key] += checked[key];
      } catch (error) {
        throw new Error(`round ${round} of DDIFF_KILL_SEED=${seed}: ${String(error)}`, { cause: error });
      }
    }
    expect(ledger.counts.pushes).toBeGreaterThan(rounds);
    await checkLeftovers(bucket, other, ledger);
    process.stderr.write(
      `seed ${seed}, ${rounds} kills of a server: ${JSON.stringify({ ...ledger.counts, ...sums })}\n`,
    );
  });

  it("lets a second server go on with the upload that the first was killed in", async () => {
    const bucket = await s3.makeBucket();
    const [first, second] = [await start(bucket), await start(bucket)];
    const bytes = bytesOf("a large layer", 40 * megabyte);
    const digest = digestOf(bytes);
    const begun = await fetch(`${first.url}/v2/app/blobs/uploads/`, { method: "POST" });
    const location = begun.headers.get("location") ?? "";
    const headers = { "Content-Type": "application/octet-stream" };
    const chunk = await fetch(new URL(location, first.url), {
      method: "PATCH",
      headers,
      body: bytes.subarray(0, 6 * megabyte),
    });
    expect(chunk.headers.get("range")).toBe(`0-${6 * megabyte - 1}`);
    const cut = request(new URL(location, first.url), {
      method: "PATCH",
      headers: { ...headers, "Content-Length": bytes.length - 6 * megabyte },
    });
    const ended = new Promise((resolve) => cut.once("error", resolve));
    cut.write(bytes.subarray(6 * megabyte, 33 * megabyte));
    await sleep(700);
    await first.stop("SIGKILL");
    await ended;
    const state = await fetch(new URL(location, second.url));
    expect(state.status).toBe(204);
    const size = Number(/^0-(\d+)$/.exec(state.headers.get("range") ?? "")?.[1]) + 1;
    expect(size).toBeGreaterThanOrEqual(6 * megabyte);
    expect(size).toBeLessThanOrEqual(33 * megabyte);
    const end = await fetch(new URL(`${location}?digest=${digest}`, second.url), {
      method: "PUT",
      headers,
      body: bytes.subarray(size),
    });
    expect(end.status).toBe(201);
    const got = await fetch(`${second.url}/v2/app/blobs/${digest}`);
    expect(digestOf(Buffer.from(await got.arrayBuffer()))).toBe(digest);
    // And an image on it.
    const ledger = newLedger();
    await pushImage({ ...clientOf(second.url, ledger, "client1", () => false), forgiving: false });
    await checkRegistry(second.url, ledger, grace);
  }, 60_000);
});

function clientOf(url: string, ledger: Ledger, name: string, isOver: () => boolean): RegistryClient {
  let names = 0;
  return {
    url,
    name,
    ledger,
    random: randomOf(seed + Number(/\d+/.exec(name)?.[0])),
    nextName: () => `${seed} ${name} ${Math.random()} ${names++}`,
    largest: 7 * megabyte,
    forgiving: true,
    isOver,
  };
}
