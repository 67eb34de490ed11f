import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openDiskStore } from "../disk-store.ts";

/*
 * Writes to the store in the folder of the first argument until it is killed, and says on standard output what was acknowledged, one line
 * each: `put KEY N`, `delete KEY N`, `append ID SEED SIZE`, `finish SEED SIZE`. The second argument makes keys and seeds its own.
 */

/** The bytes of an object or blob follow from its name, so that whoever looks can tell whole from part. */
export function bytesOf(seed: string, size: number): Buffer {
  const block = createHash("sha256").update(seed).digest();
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += block.length) {
    bytes.writeUInt32LE(at >>> 0, 0);
    block.copy(bytes, at);
    bytes.writeUInt32LE(at >>> 0, Math.min(at, Math.max(0, size - 4)));
  }
  return bytes;
}

/** What the `n`th write of an object holds. */
export function objectBytes(key: string, n: number): Buffer {
  return Buffer.from(`${key} ${n} ${"x".repeat((n * 7919) % 20_000)} end`);
}

function say(...words: (string | number)[]): void {
  writeSync(1, `${words.join(" ")}\n`);
}

async function main(folder: string, name: string): Promise<void> {
  const store = await openDiskStore(folder);
  async function objects(worker: number): Promise<void> {
    for (let n = 0; ; n++) {
      const key = `objects/${name}~${worker}/k${n % 5}`;
      if (n % 7 === 6) {
        await store.delete(key);
        say("delete", key, n);
      } else {
        await store.put(key, objectBytes(key, n));
        say("put", key, n);
      }
    }
  }
  async function uploads(worker: number): Promise<void> {
    for (let n = 0; ; n++) {
      const seed = `${name}-${worker}-${n}`;
      const size = n % 3 === 0 ? 100 + n : 500_000 * (n % 5) + 17;
      const bytes = bytesOf(seed, size);
      const upload = await store.createUpload({ repository: name, digestAlgorithm: "sha256" });
      const cut = Math.floor(size / 3);
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        const now = await upload.append(
          (async function* () {
            for (let at = 0; at < part.length; at += 65_536) {
              yield part.subarray(at, at + 65_536);
              await sleep(0);
            }
          })(),
        );
        say("append", upload.id, seed, size, now);
      }
      await upload.finish(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
      say("finish", seed, size);
    }
  }
  await Promise.all([objects(0), objects(1), uploads(0), uploads(1)]);
}

const [, script, folder, name] = process.argv;
if (script === import.meta.filename && folder !== undefined && name !== undefined) await main(folder, name);
