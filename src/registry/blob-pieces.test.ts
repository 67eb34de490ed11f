import { randomBytes } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { pushBlob } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
// Several pieces, the last one cut.
const bytes = randomBytes((5 << 19) + 12_345);
const digest = digestOf(bytes);
const path = `/v2/team/large/blobs/${digest}`;

beforeAll(async () => {
  await pushBlob(registry, "team/large", bytes);
});

/** Open files of this process that hold the blob. */
function openBlobs(): string[] {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(digest.slice(7));
    } catch {
      return false;
    }
  });
}

/** A pull that is given up when its first bytes are there. */
function leave(): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: registry.port, path, agent: false }, (response) => {
      response.once("data", () => {
        response.destroy();
        resolve();
      });
    });
    call.once("error", reject).end();
  });
}

describe("a large blob", () => {
  test("comes whole to many clients at once", async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => registry.call("GET", path)));
    for (const reply of replies) expect(reply.body.equals(bytes)).toBe(true);
  });

  test("comes in large parts at once, each its own", async () => {
    const step = 700_001;
    const starts = Array.from({ length: 4 }, (_, i) => i * step);
    const parts = await Promise.all(
      starts.map((start) =>
        registry.call("GET", path, { headers: { Range: `bytes=${start}-${start + step - 1}` } }),
      ),
    );
    expect(Buffer.concat(parts.map(({ body }) => body)).equals(bytes)).toBe(true);
  });

  test("is let go when clients leave in the middle", async () => {
    await Promise.all(Array.from({ length: 10 }, leave));
    for (let tries = 0; openBlobs().length > 0 && tries < 100; tries++) await sleep(50);
    expect(openBlobs()).toEqual([]);
  });
});
