import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { appendTo, flightSlots } from "../src/store/s3-append.ts";
import { connectBucket } from "../src/store/s3-client.ts";
import { newLiveUpload } from "../src/store/s3-live-upload.ts";
import { beginMultipart, sendObject } from "../src/store/s3-multipart.ts";
import { openPartBuffer } from "../src/store/s3-part-buffer.ts";
import { openS3Store } from "../src/store/s3-store.ts";
import { parseS3Url } from "../src/store/s3-url.ts";
import type { Store, Upload } from "../src/store/store.ts";
import { piecesOf, pushBlob, readBlob } from "../src/store/testing/blobs.ts";
import { type Answer, type Passing, type S3Proxy, startS3Proxy } from "./support/s3-proxy.ts";
import { s3Missing, startS3, type TestS3 } from "./support/s3-server.ts";
import { describePlace } from "./support/tools.ts";

/*
 * What random kills hit once in hundreds, at will: a service that says "done" to the second try of a request whose first one its crash
 * cut off (versitygw 1.8.0 does, of putting parts together), and two servers that end one upload in each other's way.
 */
describePlace("s3", s3Missing(), () => {
  let s3: TestS3;
  let bucket = "";
  let stores: Store[] = [];
  let proxies: S3Proxy[] = [];
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(() => s3.stop());
  beforeEach(async () => {
    bucket = await s3.makeBucket();
    [stores, proxies] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    for (const proxy of proxies) proxy.stop();
  });

  /** A server of its own on the test's bucket, through a proxy. */
  async function openThroughProxy(): Promise<{ store: Store; proxy: S3Proxy }> {
    const proxy = await startS3Proxy(s3.endpoint);
    proxies.push(proxy);
    const store = await openS3Store(bucket.replace(s3.endpoint, proxy.endpoint), s3.env);
    stores.push(store);
    return { store, proxy };
  }

  for (const [what, size] of [
    ["wrote an object", 200_000],
    ["put parts together", 17_000_000],
  ] as const) {
    it(`acknowledges no blob when the service only says that it ${what}`, { timeout: 30_000 }, async () => {
      const { store, proxy } = await openThroughProxy();
      const bytes = randomBytes(size);
      let lies = 0;
      proxy.meddle = async (request) => {
        if (!makesObject(request)) return await request.pass();
        lies++;
        return done(request);
      };
      await expect(pushBlob(store, bytes)).rejects.toMatchObject({ code: "S3_FAILED" });
      expect(lies).toBe(1);
      expect(await store.statBlob(digestOf(bytes))).toBeUndefined();
      proxy.meddle = (request) => request.pass();
      await pushBlob(store, bytes);
      expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
    });
  }

  it("acknowledges a blob that the service still puts together when it says done", async () => {
    const { store, proxy } = await openThroughProxy();
    const bytes = randomBytes(17_000_000);
    let passed: Promise<Answer> | undefined;
    proxy.meddle = async (request) => {
      if (!makesObject(request)) return await request.pass();
      passed = sleep(700).then(() => request.pass());
      return done(request);
    };
    await pushBlob(store, bytes);
    expect(await passed).toMatchObject({ status: 200 });
    expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it("keeps the bytes when another server gives the upload up right before the blob is named", async () => {
    const [one, two] = await Promise.all([openThroughProxy(), openThroughProxy()]);
    const bytes = randomBytes(200_000);
    const upload = await beginUpload(one.store, bytes);
    let given = 0;
    one.proxy.meddle = async (request) => {
      if (request.method === "PUT" && request.path.includes("/blobs/") && ++given === 1) {
        await (await two.store.openUpload(upload.id))?.cancel();
      }
      return await request.pass();
    };
    await upload.finish(digestOf(bytes));
    expect(given).toBe(1);
    expect((await readBlob(two.store, digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it("keeps the bytes when another server saw neither the parts nor what became of them", async () => {
    const [one, two] = await Promise.all([openThroughProxy(), openThroughProxy()]);
    const bytes = randomBytes(17_000_000);
    const upload = await beginUpload(one.store, bytes);
    const { promise: looked, resolve: sayLooked } = Promise.withResolvers<void>();
    const { promise: ended, resolve: sayEnded } = Promise.withResolvers<void>();
    let other: Promise<unknown> | undefined;
    one.proxy.meddle = async (request) => {
      const answer = await request.pass();
      if (makesObject(request)) {
        // The service has put the parts away and links the object only now.
        two.proxy.meddle = async (look) => {
          if (look.method !== "HEAD" || !look.path.includes("/data/")) return await look.pass();
          sayLooked();
          await ended;
          return { status: 404 };
        };
        other = two.store.openUpload(upload.id).catch((error: unknown) => error);
        await looked;
      }
      return answer;
    };
    await upload.finish(digestOf(bytes));
    sayEnded();
    await other;
    expect((await readBlob(two.store, digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it("never lets a delete take the bytes of an upload that is ended once more", async () => {
    const [one, two] = await Promise.all([openThroughProxy(), openThroughProxy()]);
    const bytes = randomBytes(17_000_000);
    const digest = digestOf(bytes);
    const upload = await beginUpload(one.store, bytes);
    // The blob gets its name, and its server dies before it forgets the upload.
    one.proxy.meddle = async (request) =>
      request.method === "DELETE" ? { status: 403 } : await request.pass();
    await expect(upload.finish(digest)).rejects.toMatchObject({ code: "S3_DENIED" });
    one.proxy.meddle = (request) => request.pass();
    await sleep(1100);
    const again = await two.store.openUpload(upload.id);
    let deleted: boolean | undefined;
    two.proxy.meddle = async (request) => {
      const names = request.method === "PUT" && request.path.includes("/blobs/");
      if (names) deleted ??= await one.store.deleteBlob(digest, Date.now() + 10_000);
      return await request.pass();
    };
    await again?.finish(digest);
    expect(deleted).toBe(true);
    expect((await readBlob(two.store, digest)).equals(bytes)).toBe(true);
  });

  it("keeps the folders of what comes and goes, as services forget writes to one that is being removed", async () => {
    const { store } = await openThroughProxy();
    const digest = await pushBlob(store, randomBytes(200_000));
    expect(await store.deleteBlob(digest, Date.now() + 10_000)).toBe(true);
    const { client, name } = connectBucket(parseS3Url(bucket, s3.env), s3.env, 3);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }));
    client.destroy();
    const folders = new Set(Contents.map(({ Key = "" }) => Key.split("/")[0]));
    expect(folders).toEqual(new Set(["blobs", "data", "tails", "trash", "uploads"]));
    expect(await store.listBlobs({ limit: 10 })).toEqual([]);
    expect(await store.staleUploads(Date.now() + 10_000)).toEqual([]);
  });

  it("does not take what another server wrote over a large tail for the bytes that it has hashed", async () => {
    const client = connectBucket(parseS3Url(bucket, s3.env), s3.env, 3);
    const live = newLiveUpload("large", "app", "sha256");
    live.multipart = await beginMultipart(client, "data/large");
    // As if 31 GiB were there: from here on parts have 64 MiB, and tails may be too large for the state.
    live.parts = Array.from({ length: 3000 }, () => ({ etag: "", size: 0 }));
    const append = (bytes: Buffer) => appendTo(client, flightSlots(), live, piecesOf(bytes), Infinity);
    await append(randomBytes(9_000_000));
    await append(randomBytes(1_000_000));
    const foreign = openPartBuffer(10_000_000);
    await foreign.write(randomBytes(10_000_000));
    await sendObject(client, "tails/large", foreign);
    await foreign.dispose();
    await expect(append(randomBytes(1000))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    client.client.destroy();
  });
});

/** An upload that has all its bytes. */
async function beginUpload(store: Store, bytes: Buffer): Promise<Upload> {
  const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
  await upload.append(piecesOf(bytes));
  return upload;
}

/** Whether a request is the one that makes an upload's bytes an object. */
function makesObject({ method, path, query }: Passing): boolean {
  if (!/^\/[^/]+\/data\//.test(path)) return false;
  return method === "POST" ? query.has("uploadId") : method === "PUT" && !query.has("partNumber");
}

/** What a service answers that has done it. */
function done({ method, path }: Passing): Answer {
  const etag = `"${"0".repeat(32)}-3"`;
  if (method === "PUT") return { status: 200, headers: { etag } };
  const [, Bucket, ...key] = path.split("/");
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><CompleteMultipartUploadResult><Bucket>${Bucket}</Bucket><Key>${key.join("/")}</Key><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
  };
}
