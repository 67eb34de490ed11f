import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Ledger, newLedger } from "./support/ledger.ts";
import { checkRegistry, sorted, storedIn, thingsOf } from "./support/registry-check.ts";
import { workOn } from "./support/registry-client.ts";
import { ddiff } from "./support/run.ts";
import { randomOf } from "./support/seeded.ts";
import { startServer, type TestServer } from "./support/server.ts";

/** How often the server is killed; 100 for the record that docs/durability.md keeps. */
const rounds = Number(process.env["DDIFF_KILL_ROUNDS"] ?? 8);
/** What the clients do and when the kills come; what the clients then meet is the machine's. */
const seed = Number(process.env["DDIFF_KILL_SEED"] ?? randomInt(2 ** 31));
const clients = 5;
/** Milliseconds. So short that collections take what is left while others push, and clients are told to send again. */
const grace = 3000;
const largest = 3_000_000;

let folder = "";
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-server-kill-"));
  writeFileSync(
    join(folder, "server.yaml"),
    `data: data\ngc: { every: 150ms, grace: ${grace}ms }\nlog: { requests: false }\n`,
  );
});
afterEach(async () => {
  await server?.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Lets clients work on the server until it is killed, after so many milliseconds. */
async function workUntilKilled(
  running: TestServer,
  ledger: Ledger,
  round: number,
  after: number,
): Promise<void> {
  let over = false;
  const work = Array.from({ length: clients }, async (_, at) => {
    let names = 0;
    await workOn({
      url: running.url,
      name: `client${at}`,
      ledger,
      random: randomOf(seed + round * 1000 + at),
      nextName: () => `${seed} ${round} ${at} ${names++}`,
      largest,
      forgiving: false,
      isOver: () => over,
    });
  });
  const killing = sleep(after).then(async () => {
    over = true;
    await running.stop("SIGKILL");
  });
  await Promise.all([killing, ...work]);
}

it(`a server that is killed ${rounds} times keeps all that it acknowledged, shows nothing in part, and clears up`, {
  timeout: 60_000 + rounds * 30_000,
}, async () => {
  const config = ["--config", join(folder, "server.yaml")];
  const data = join(folder, "data");
  const ledger = newLedger();
  const random = randomOf(seed);
  const sums = { images: 0, tags: 0, bytes: 0, resumed: 0, ended: 0, collections: 0, blobs: 0, uploads: 0 };
  server = await startServer(config);
  for (let round = 0; round < rounds; round++) {
    try {
      await workUntilKilled(server, ledger, round, 50 + random.below(1500));
      for (const { blobs, uploads } of collections(server.log())) {
        sums.collections++;
        sums.blobs += blobs;
        sums.uploads += uploads;
      }
      server = await startServer(config);
      const checked = await checkRegistry(server.url, ledger, grace);
      sums.images += checked.images;
      sums.tags += checked.tags;
      sums.bytes += checked.bytes;
      sums.resumed += checked.resumed;
      sums.ended += checked.ended;
      const known = [...ledger.images.keys()];
      for (const manifest of (await storedIn(data)).manifests) expect(known).toContain(manifest);
    } catch (error) {
      throw new Error(`round ${round} of DDIFF_KILL_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(ledger.counts.pushes).toBeGreaterThan(rounds);
  expect(sums.collections).toBeGreaterThan(0);

  // Whatever the kills left is old enough after the grace.
  await sleep(grace + 100);
  expect(await ddiff(["server", "gc", ...config])).toMatchObject({ status: 0 });
  expect(sorted(await storedIn(data))).toEqual(thingsOf(ledger));
  const scrubbed = await ddiff(["server", "scrub", ...config]);
  expect(scrubbed, scrubbed.stdout).toMatchObject({ status: 0 });
  const last = await checkRegistry(server.url, ledger, grace);
  expect(last.images).toBe(thingsOf(ledger).manifests.length);
  expect(await server.stop()).toEqual({ status: 0, signal: null });
  process.stderr.write(`seed ${seed}, ${rounds} kills: ${JSON.stringify({ ...ledger.counts, ...sums })}\n`);
});

/** What the collections of a server took, by its log. */
function collections(log: string): { blobs: number; uploads: number }[] {
  return log
    .split("\n")
    .filter((line) => line.includes('"message":"garbage was collected"'))
    .map((line) => JSON.parse(line) as { blobs: number; uploads: number });
}
