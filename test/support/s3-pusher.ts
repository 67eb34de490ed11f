import { createHash, randomBytes } from "node:crypto";
import { openS3Store } from "../../src/store/s3-store.ts";

/*
 * A server that pushes to a bucket until it is killed: `s3-pusher.ts URL` pushes and deletes blobs and says "pushed DIGEST" after
 * each acknowledgement; `s3-pusher.ts URL endless` says "upload ID" and appends bytes that anyone can make again.
 */
const [url = "", mode = ""] = process.argv.slice(2);
// Without its parent it has nothing to do.
process.stdout.on("error", () => process.exit(1));
const store = await openS3Store(url, process.env);

if (mode === "endless") {
  const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
  console.log(`upload ${upload.id}`);
  await upload.append(endless());
} else {
  await Promise.all(Array.from({ length: 4 }, pushOn));
}

async function* endless(): AsyncGenerator<Buffer> {
  // Half a GiB, should nobody kill us.
  for (let block = 0; block < 8192; block++) yield seededBlock(block);
}

async function pushOn(): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    const bytes = randomBytes(round % 5 === 4 ? 17_000_000 : Math.floor(Math.random() * 200_000));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await upload.append(pieces(bytes));
    await upload.finish(digest);
    console.log(`pushed ${digest}`);
    if (round % 3 === 2) {
      console.log(`deleting ${digest}`);
      await store.deleteBlob(digest, Date.now() + 10_000);
    }
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** Block `index` of 64 KiB of a stream that anyone can make again. */
function seededBlock(index: number): Buffer {
  return Buffer.alloc(65_536, createHash("sha256").update(String(index)).digest());
}
