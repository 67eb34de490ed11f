import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { ListMultipartUploadsCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Digest, digestOf } from "../src/oci/digest.ts";
import { appendTo, flightSlots } from "../src/store/s3-append.ts";
import { connectBucket } from "../src/store/s3-client.ts";
import { newLiveUpload } from "../src/store/s3-live-upload.ts";
import { beginMultipart, listParts, sendPart } from "../src/store/s3-multipart.ts";
import { openPartBuffer } from "../src/store/s3-part-buffer.ts";
import { openS3Store } from "../src/store/s3-store.ts";
import { parseS3Url } from "../src/store/s3-url.ts";
import type { Store } from "../src/store/store.ts";
import { piecesOf, pushBlob, readBlob } from "../src/store/testing/blobs.ts";
import { s3Missing, startS3, type TestS3 } from "./support/s3-server.ts";
import { describePlace } from "./support/tools.ts";

const pusher = fileURLToPath(new URL("support/s3-pusher.ts", import.meta.url));

/** How often servers and services are killed at random moments. */
const kills = Number(process.env["DDIFF_TEST_KILLS"] ?? 8);
/** Milliseconds for so many kills. */
const patience = 60_000 + kills * 5000;

/** Sockets that this process has. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

/** The ETag of a part. */
function md5(part: Buffer): string {
  return `"${createHash("md5").update(part).digest("hex")}"`;
}

describePlace("s3", s3Missing(), () => {
  let s3: TestS3;
  let raw: S3Client;
  beforeAll(async () => {
    s3 = await startS3();
    raw = new S3Client({
      endpoint: s3.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: {
        accessKeyId: s3.env["AWS_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: s3.env["AWS_SECRET_ACCESS_KEY"] ?? "",
      },
    });
  });
  afterAll(async () => {
    raw.destroy();
    await s3.stop();
  });

  /** What lies in a store's bucket: keys of objects that have bytes, and multipart uploads. */
  async function contentOf(url: string): Promise<string[]> {
    const Bucket = new URL(url).hostname;
    const content: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client: raw }, { Bucket })) {
      content.push(...Contents.filter(({ Size }) => Size !== 0).map(({ Key }) => Key ?? ""));
    }
    const { Uploads = [] } = await raw.send(new ListMultipartUploadsCommand({ Bucket }));
    return [...content, ...Uploads.map(({ Key }) => `parts of ${Key}`)];
  }

  function startPusher(...argv: string[]) {
    const child = spawn(process.execPath, [pusher, ...argv], {
      env: { ...process.env, ...s3.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    return child;
  }

  it("lets servers on one bucket count one tag up together, and loses no step", async () => {
    const url = await s3.makeBucket();
    const stores = await Promise.all(Array.from({ length: 3 }, () => openS3Store(url, s3.env)));
    await stores[0]?.put("tags/app/latest", Buffer.from("0"));
    let conflicts = 0;
    await Promise.all(
      stores.map(async (store) => {
        for (let step = 0; step < 20; ) {
          const now = await store.get("tags/app/latest");
          try {
            const next = Buffer.from(String(Number(now?.bytes) + 1));
            await store.put("tags/app/latest", next, { version: now?.version ?? "" });
            step++;
          } catch (error) {
            expect(error).toMatchObject({ code: "STORE_CONFLICT" });
            conflicts++;
          }
        }
      }),
    );
    expect((await stores[0]?.get("tags/app/latest"))?.bytes.toString()).toBe("60");
    expect(conflicts).toBeGreaterThan(0);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("notices a writer that wrote the same bytes again", async () => {
    const store = await openS3Store(await s3.makeBucket(), s3.env);
    const version = await store.put("links/app/x", Buffer.alloc(0));
    await store.put("links/app/x", Buffer.alloc(0));
    await expect(store.delete("links/app/x", { version })).rejects.toMatchObject({ code: "STORE_CONFLICT" });
    const again = await store.put("links/app/y", Buffer.alloc(0));
    await store.touch("links/app/y");
    await expect(store.delete("links/app/y", { version: again })).rejects.toMatchObject({
      code: "STORE_CONFLICT",
    });
    await store.close();
  });

  it("never deletes a blob that another server pushes or touches meanwhile", async () => {
    const url = await s3.makeBucket();
    const [one, two] = await Promise.all([openS3Store(url, s3.env), openS3Store(url, s3.env)]);
    for (const size of [100, 100_000]) {
      for (let round = 0; round < 15; round++) {
        const bytes = randomBytes(size);
        const digest = await pushBlob(one, bytes);
        await sleep(5);
        const since = Date.now();
        const [deleted, kept] = await Promise.all([
          one.deleteBlob(digest, since),
          sleep(Math.random() * 15).then(() =>
            round % 2 === 0 ? two.touchBlob(digest) : pushBlob(two, bytes).then(() => true),
          ),
        ]);
        // Whoever was told that the blob is there must find it, and it may be gone for nobody else.
        expect(deleted || kept).toBe(true);
        if (kept) expect((await readBlob(two, digest)).equals(bytes)).toBe(true);
      }
    }
    await Promise.all([one.close(), two.close()]);
  });

  it("lets any server go on with an upload, and leaves nothing but the blob", async () => {
    const url = await s3.makeBucket("prefix");
    const [one, two] = await Promise.all([openS3Store(url, s3.env), openS3Store(url, s3.env)]);
    const bytes = randomBytes(30_000_000);
    const { id } = await one.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    const cuts = [0, 9_000_000, 9_000_001, 20_000_000, bytes.length];
    for (const [i, start] of cuts.slice(0, -1).entries()) {
      const upload = await (i % 2 === 0 ? one : two).openUpload(id);
      expect(upload?.size).toBe(start);
      await upload?.append(piecesOf(bytes.subarray(start, cuts[i + 1])));
    }
    const digest = digestOf(bytes);
    await (await one.openUpload(id))?.finish(digest);
    expect((await readBlob(two, digest)).equals(bytes)).toBe(true);
    expect(await two.openUpload(id)).toBeUndefined();
    const hex = digest.slice("sha256:".length);
    expect((await contentOf(url)).sort()).toEqual([
      `prefix/blobs/sha256/${hex.slice(0, 2)}/${hex}`,
      `prefix/data/${id}`,
    ]);
    expect(await two.deleteBlob(digest, Date.now() + 10_000)).toBe(true);
    expect(await contentOf(url)).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });

  it("leaves nothing of uploads that were wrong, given up, or of a blob that was there", async () => {
    const url = await s3.makeBucket();
    const store = await openS3Store(url, s3.env);
    const bytes = randomBytes(20_000_000);
    await pushBlob(store, bytes);
    const before = await contentOf(url);
    await pushBlob(store, bytes);
    const wrong = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await wrong.append(piecesOf(bytes));
    await expect(wrong.finish(digestOf(Buffer.from("else")))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    const left = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await left.append(piecesOf(bytes));
    await left.cancel();
    expect((await contentOf(url)).sort()).toEqual(before.sort());
    await store.close();
  });

  it("sends large parts through files, and keeps a large tail beside the state", async () => {
    const url = await s3.makeBucket();
    const location = parseS3Url(url, s3.env);
    const bucket = connectBucket(location, s3.env, 3);
    const slots = flightSlots();
    const path = "data/large";
    const live = newLiveUpload("large", "app", "sha256");
    live.multipart = await beginMultipart(bucket, path);
    // As if 31 GiB were there: from here on parts have 64 MiB.
    live.parts = Array.from({ length: 3000 }, () => ({ etag: "", size: 0 }));
    // MinIO lists nothing after a part that is not there.
    await sendPart(bucket, path, live.multipart, 3000, openPartBuffer(1));
    const bytes = randomBytes(101_000_000);
    const cuts = [0, 20_000_000, 20_000_001, 70_000_000, bytes.length];
    const states = [];
    for (const [i, start] of cuts.slice(0, -1).entries()) {
      await appendTo(bucket, slots, live, piecesOf(bytes.subarray(start, cuts[i + 1])), Infinity);
      states.push([live.parts.length - 3000, live.partBytes, live.tailSize]);
      live.tail = undefined;
    }
    const full = 64 * 1024 * 1024;
    expect(states).toEqual([
      [0, 0, 20_000_000],
      [0, 0, 20_000_001],
      [1, full, 70_000_000 - full],
      // A rest of more than half a part is sent as one.
      [2, bytes.length, 0],
    ]);
    const sent = await listParts(bucket, path, live.multipart, 3000);
    expect(sent?.map(({ size }) => size)).toEqual([full, bytes.length - full]);
    expect(sent?.map(({ etag }) => etag)).toEqual([md5(bytes.subarray(0, full)), md5(bytes.subarray(full))]);
    bucket.client.destroy();
  });

  it("goes on with the upload of a server that was killed", async () => {
    const url = await s3.makeBucket();
    const child = startPusher(url, "endless");
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const id = line.slice("upload ".length);
    const store = await openS3Store(url, s3.env);
    const end = performance.now() + 20_000;
    while (((await store.openUpload(id))?.size ?? 0) < 24_000_000) {
      if (performance.now() > end) throw new Error("the upload does not grow");
      await sleep(20);
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    await store.close();

    const other = await openS3Store(url, s3.env);
    const upload = await other.openUpload(id);
    if (upload === undefined) throw new Error("the upload is gone");
    expect(upload.size).toBeGreaterThanOrEqual(24_000_000);
    const blocks = Math.ceil(upload.size / 65_536) + 3;
    const bytes = Buffer.concat(
      Array.from({ length: blocks }, (_, index) =>
        Buffer.alloc(65_536, createHash("sha256").update(String(index)).digest()),
      ),
    );
    await upload.append(piecesOf(bytes.subarray(upload.size)));
    await upload.finish(digestOf(bytes));
    expect((await readBlob(other, digestOf(bytes))).equals(bytes)).toBe(true);
    await other.close();
  });

  it(
    "has every acknowledged blob, and nothing to spare, however often servers are killed",
    async () => {
      const url = await s3.makeBucket();
      const pushed = new Set<Digest>();
      const deleting = new Set<Digest>();
      for (let kill = 0; kill < kills; kill++) {
        const child = startPusher(url);
        const lines = createInterface(child.stdout);
        lines.on("line", (line) => {
          const [what, digest] = line.split(" ");
          (what === "pushed" ? pushed : deleting).add(digest as Digest);
        });
        await once(lines, "line");
        await sleep(Math.random() * 1500);
        child.kill("SIGKILL");
        await once(child, "exit");
        lines.close();
      }
      const store = await openS3Store(url, s3.env);
      for (const digest of pushed) {
        if (!deleting.has(digest)) expect(digestOf(await readBlob(store, digest))).toBe(digest);
      }
      await sleep(2100);
      for (const id of await store.staleUploads(Date.now())) await (await store.openUpload(id))?.cancel();
      expect(await store.staleUploads(Date.now())).toEqual([]);
      const blobs = await store.listBlobs({ limit: 100_000 });
      const inUse = new Set<string>();
      for (const digest of blobs) {
        const address = await store.blobUrl?.(digest, 60);
        if (address !== undefined) inUse.add(new URL(address).pathname.split("/").slice(-2).join("/"));
      }
      const content = await contentOf(url);
      // What a killed delete left is swept later, after a rest in the trash.
      const trash = new Set<string>();
      for (const key of content) if (key.startsWith("trash/")) trash.add(key.replace("trash", "data"));
      expect(content.filter((key) => key.startsWith("data/") && !inUse.has(key) && !trash.has(key))).toEqual(
        [],
      );
      expect(content.filter((key) => /^(?:uploads|tails|parts of)/.test(key))).toEqual([]);
      expect(pushed.size).toBeGreaterThan(kills);
      await store.close();
    },
    patience,
  );

  it(
    "has every acknowledged blob, however often the service crashes",
    async () => {
      const store = await openS3Store(await s3.makeBucket(), s3.env);
      const pushed: Digest[] = [];
      const over = new AbortController();
      const workers = Array.from({ length: 4 }, async () => {
        for (let round = 0; !over.signal.aborted; round++) {
          // Half of them large: a crash while parts are put together is what services forgive least.
          const bytes = randomBytes(round % 2 === 1 ? 17_000_000 : Math.floor(Math.random() * 200_000));
          // A push may fail; what it said was there must be.
          await pushBlob(store, bytes).then(
            (digest) => pushed.push(digest),
            () => sleep(50),
          );
        }
      });
      for (let kill = 0; kill < kills; kill++) {
        // However slow the machine is, the service does something between two crashes.
        while (pushed.length <= kill) await sleep(10);
        await sleep(Math.random() * 700);
        await s3.kill();
        await sleep(Math.random() * 300);
        await s3.start();
      }
      over.abort();
      await Promise.all(workers);
      for (const digest of pushed) expect(digestOf(await readBlob(store, digest))).toBe(digest);
      expect(pushed.length).toBeGreaterThan(kills);
      await store.close();
    },
    patience,
  );

  it("rides out a crash of the service while it uploads and downloads", async () => {
    const url = await s3.makeBucket();
    const store = await openS3Store(url, s3.env);
    const bytes = randomBytes(60_000_000);
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    let sent = 0;
    async function* source(): AsyncGenerator<Buffer, void, void> {
      for await (const piece of piecesOf(bytes)) {
        const before = sent;
        sent += piece.length;
        if (before < 30_000_000 && sent >= 30_000_000) await crash();
        yield piece;
      }
    }
    await upload.append(source());
    await upload.finish(digestOf(bytes));

    const stream = await store.openBlob(digestOf(bytes));
    const hash = createHash("sha256");
    let read = 0;
    for await (const chunk of stream) {
      const before = read;
      read += (chunk as Buffer).length;
      hash.update(chunk as Buffer);
      if (before < 10_000_000 && read >= 10_000_000) await crash();
    }
    expect(`sha256:${hash.digest("hex")}`).toBe(digestOf(bytes));
    await store.close();

    async function crash(): Promise<void> {
      await s3.kill();
      setTimeout(() => void s3.start(), 300);
    }
  });

  it("says what is wrong with credentials, bucket, endpoint and service", async () => {
    const url = await s3.makeBucket();
    const wrong = { AWS_ACCESS_KEY_ID: "test-access", AWS_SECRET_ACCESS_KEY: "wrong" };
    await expect(openS3Store(url, wrong)).rejects.toMatchObject({
      code: "S3_DENIED",
      hint: expect.stringContaining("AWS_SECRET_ACCESS_KEY"),
    });
    await expect(openS3Store(url.replace("s3://", "s3://no-"), s3.env)).rejects.toMatchObject({
      code: "S3_BUCKET_MISSING",
      message: expect.stringContaining("no-bucket"),
    });
    await expect(openS3Store("s3://bucket/?endpoint=http://127.0.0.1:1", s3.env)).rejects.toMatchObject({
      code: "S3_UNREACHABLE",
    });
    // A service that takes every write, whatever the condition.
    const careless = createServer((request, response) => {
      request.resume();
      response.setHeader("ETag", `"${randomBytes(16).toString("hex")}"`).end();
    }).listen(0, "127.0.0.1");
    await once(careless, "listening");
    const { port } = careless.address() as { port: number };
    await expect(openS3Store(`s3://bucket/?endpoint=http://127.0.0.1:${port}`, s3.env)).rejects.toMatchObject(
      { code: "S3_UNSUITABLE", message: expect.stringContaining(`127.0.0.1:${port}`) },
    );
    careless.closeAllConnections();
    careless.close();
  });

  it("gives addresses that anyone may fetch for a while, whole or in part", async () => {
    const store = await openS3Store(await s3.makeBucket("a"), s3.env);
    const bytes = randomBytes(1_000_000);
    const digest = await pushBlob(store, bytes);
    const address = (await store.blobUrl?.(digest, 60)) ?? "";
    const whole = await fetch(address);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await fetch(address, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);
    expect((await fetch(address.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))).status).toBe(403);
    // A small one lies within its record: the registry sends it itself.
    expect(await store.blobUrl?.(await pushBlob(store, Buffer.from("small")), 60)).toBeUndefined();
    await store.close();
  });

  it("closes the transfers of readers that leave", async () => {
    const store: Store = await openS3Store(await s3.makeBucket(), s3.env);
    const digest = await pushBlob(store, randomBytes(50_000_000));
    const streams = await Promise.all(Array.from({ length: 10 }, () => store.openBlob(digest)));
    for (const stream of streams) await once(stream, "readable");
    const during = sockets();
    for (const stream of streams) stream.destroy();
    const end = performance.now() + 5000;
    while (sockets() > during - 10 && performance.now() < end) await sleep(10);
    expect(sockets()).toBeLessThanOrEqual(during - 10);
    await store.close();
  });

  it("mends a blob whose bytes were lost when it is pushed again, and sets damaged ones aside", async () => {
    const url = await s3.makeBucket();
    const store = await openS3Store(url, s3.env);
    const bytes = randomBytes(200_000);
    const digest = await pushBlob(store, bytes);
    expect(await store.setAsideBlob?.(digest)).toBe(false);
    const { DeleteObjectCommand, PutObjectCommand } = await import("@aws-sdk/client-s3");
    const Bucket = new URL(url).hostname;
    const Key = (await contentOf(url)).find((key) => key.startsWith("data/")) ?? "";
    await raw.send(new DeleteObjectCommand({ Bucket, Key }));
    await expect(readBlob(store, digest)).rejects.toMatchObject({ code: "BLOB_MISSING" });
    await pushBlob(store, bytes);
    expect((await readBlob(store, digest)).equals(bytes)).toBe(true);
    const data = (await contentOf(url)).find((key) => key.startsWith("data/")) ?? "";
    await raw.send(new PutObjectCommand({ Bucket, Key: data, Body: randomBytes(200_000) }));
    expect(await store.setAsideBlob?.(digest)).toBe(true);
    expect(await store.statBlob(digest)).toBeUndefined();
    await store.close();
  });
});
