import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { codesOf, pushBlob, type Reply } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
let count = 0;

/** Bytes that nobody pushed yet. */
const fresh = (size = 3000): Buffer => Buffer.alloc(size, `${(count += 1)} bytes `);
const begin = (query = ""): Promise<Reply> => registry.call("POST", `/v2/app/blobs/uploads/${query}`);
const locationOf = (reply: Reply): string => reply.headers.location ?? "";
const patch = (at: string, body: Buffer, range?: string): Promise<Reply> =>
  registry.call("PATCH", at, { body, headers: range === undefined ? {} : { "Content-Range": range } });
const put = (at: string, digest: string, body?: Buffer, range?: string): Promise<Reply> =>
  registry.call("PUT", `${at}?digest=${digest}`, {
    ...(body === undefined ? {} : { body }),
    headers: range === undefined ? {} : { "Content-Range": range },
  });

async function expectStored(created: Reply, bytes: Buffer, digest: string = digestOf(bytes)): Promise<void> {
  expect(created.status).toBe(201);
  expect(created.headers.location).toBe(`/v2/app/blobs/${digest}`);
  expect(created.headers["docker-content-digest"]).toBe(digest);
  const got = await registry.call("GET", locationOf(created));
  expect(got.body.equals(bytes)).toBe(true);
}

describe.each(["sha256", "sha512"] as const)("with %s, a blob is pushed", (algorithm) => {
  test("by one POST", async () => {
    const bytes = fresh();
    const digest = digestOf(bytes, algorithm);
    await expectStored(
      await registry.call("POST", `/v2/app/blobs/uploads/?digest=${digest}`, { body: bytes }),
      bytes,
      digest,
    );
  });

  test("by POST and PUT", async () => {
    const bytes = fresh();
    const begun = await begin();
    expect(begun.status).toBe(202);
    expect(locationOf(begun)).toMatch(/^\/v2\/app\/blobs\/uploads\/[A-Za-z0-9_-]{22,}$/);
    expect(begun.headers.range).toBe("0-0");
    const digest = digestOf(bytes, algorithm);
    await expectStored(await put(locationOf(begun), digest, bytes), bytes, digest);
    expect((await registry.call("GET", locationOf(begun))).status).toBe(404);
  });

  test("in chunks, the last one in the PUT or before it", async () => {
    for (const lastInPut of [true, false]) {
      const bytes = fresh();
      const at = locationOf(await begin(`?digest-algorithm=${algorithm}`));
      const first = await patch(at, bytes.subarray(0, 1000), "0-999");
      expect([first.status, first.headers.range, locationOf(first)]).toEqual([202, "0-999", at]);
      const second = await patch(at, bytes.subarray(1000, 2000), "1000-1999");
      expect(second.headers.range).toBe("0-1999");
      const digest = digestOf(bytes, algorithm);
      const rest = bytes.subarray(2000);
      if (!lastInPut) expect((await patch(at, rest, "2000-2999")).headers.range).toBe("0-2999");
      const last = lastInPut ? await put(at, digest, rest, "2000-2999") : await put(at, digest);
      await expectStored(last, bytes, digest);
    }
  });

  test("as a stream of unknown length", async () => {
    const bytes = fresh(200_000);
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += 30_000) yield bytes.subarray(at, at + 30_000);
    }
    const at = locationOf(await begin());
    const reply = await registry.call("PATCH", at, { body: pieces() });
    expect([reply.status, reply.headers.range]).toEqual([202, "0-199999"]);
    const digest = digestOf(bytes, algorithm);
    await expectStored(await put(at, digest), bytes, digest);
  });

  test("not where its bytes are others, and then it is not there", async () => {
    const digest = digestOf(fresh(), algorithm);
    const wrong = fresh();
    const whole = await registry.call("POST", `/v2/app/blobs/uploads/?digest=${digest}`, { body: wrong });
    const twoSteps = await put(locationOf(await begin()), digest, wrong);
    const at = locationOf(await begin());
    await patch(at, wrong, "0-2999");
    const chunks = await put(at, digest);
    const streamed = locationOf(await begin());
    await registry.call("PATCH", streamed, {
      body: (async function* () {
        yield wrong;
      })(),
    });
    for (const reply of [whole, twoSteps, chunks, await put(streamed, digest)]) {
      expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
    }
    expect((await registry.call("HEAD", `/v2/app/blobs/${digest}`)).status).toBe(404);
  });
});

describe("an upload", () => {
  test("says how far it is, and goes on after a restart of the server", async () => {
    const bytes = fresh(5000);
    const at = locationOf(await begin());
    await patch(at, bytes.subarray(0, 2000), "0-1999");
    await registry.restart();
    const status = await registry.call("GET", at);
    expect([status.status, status.headers.range, locationOf(status)]).toEqual([204, "0-1999", at]);
    await patch(at, bytes.subarray(2000), "2000-4999");
    await expectStored(await put(at, digestOf(bytes)), bytes);
  });

  test("takes no chunk out of order, and says where to go on", async () => {
    const bytes = fresh();
    const at = locationOf(await begin());
    await patch(at, bytes.subarray(0, 1000), "0-999");
    const digest = digestOf(bytes);
    for (const reply of [
      await patch(at, bytes.subarray(2000), "2000-2999"),
      await patch(at, bytes.subarray(0, 1000), "0-999"),
      await patch(at, bytes.subarray(500, 1500), "500-1499"),
      await put(at, digest, bytes.subarray(2000), "2000-2999"),
    ]) {
      expect(reply.status).toBe(416);
      expect([reply.headers.range, locationOf(reply)]).toEqual(["0-999", at]);
    }
    await expectStored(await put(at, digest, bytes.subarray(1000), "1000-2999"), bytes);
  });

  test("refuses a range that is none or not that of its bytes", async () => {
    const at = locationOf(await begin());
    for (const range of ["", "x", "-5-10", "5-4", "0-1", "0-99999999999999999999"]) {
      const reply = await patch(at, Buffer.from("three"), range);
      expect(reply.status).toBe(400);
    }
    const more = await registry.call("PATCH", at, {
      headers: { "Content-Range": "0-3" },
      body: (async function* () {
        yield Buffer.from("12");
        yield Buffer.from("34567");
      })(),
    });
    expect([more.status, codesOf(more)]).toEqual([400, ["SIZE_INVALID"]]);
    const less = await registry.call("PATCH", at, {
      headers: { "Content-Range": "4-9" },
      body: (async function* () {
        yield Buffer.from("5");
      })(),
    });
    expect([less.status, codesOf(less)]).toEqual([400, ["SIZE_INVALID"]]);
    // What came in order stays.
    await expectStored(await put(at, digestOf(Buffer.from("12345"))), Buffer.from("12345"));
  });

  test("is given up by DELETE", async () => {
    const at = locationOf(await begin());
    await patch(at, fresh());
    expect((await registry.call("DELETE", at)).status).toBe(204);
    for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
      const reply = await registry.call(method, method === "PUT" ? `${at}?digest=${digestOf(fresh())}` : at);
      expect([reply.status, codesOf(reply)]).toEqual([404, ["BLOB_UPLOAD_UNKNOWN"]]);
    }
  });

  test("ends once: a second PUT finds none, and the blob stays", async () => {
    const bytes = fresh();
    const at = locationOf(await begin());
    await expectStored(await put(at, digestOf(bytes), bytes), bytes);
    expect((await put(at, digestOf(bytes), bytes)).status).toBe(404);
    expect((await registry.call("HEAD", `/v2/app/blobs/${digestOf(bytes)}`)).status).toBe(200);
  });

  test("belongs to its repository, and an id that is none is unknown", async () => {
    const id =
      locationOf(await begin())
        .split("/")
        .at(-1) ?? "";
    for (const at of [
      `other/blobs/uploads/${id}`,
      "app/blobs/uploads/..%2f..%2fx",
      "app/blobs/uploads/%00",
      `app/blobs/uploads/${"a".repeat(500)}`,
    ]) {
      const reply = await registry.call("PATCH", `/v2/${at}`, { body: fresh() });
      expect([reply.status, codesOf(reply)]).toEqual([404, ["BLOB_UPLOAD_UNKNOWN"]]);
    }
  });

  test("needs a digest to end, one that is one, and survives being asked without", async () => {
    const bytes = fresh();
    const at = locationOf(await begin());
    expect((await registry.call("PUT", at, { body: bytes })).status).toBe(400);
    for (const digest of ["", "sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e"]) {
      const reply = await put(at, digest, bytes);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
    }
    await expectStored(await put(at, digestOf(bytes), bytes), bytes);
  });

  test("is not begun for a digest that is none", async () => {
    for (const query of ["?digest=sha256:x", "?digest-algorithm=md5", "?mount=sha256:x&from=app"]) {
      const reply = await begin(query);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
    }
  });
});

describe("a mount", () => {
  test("gives the blob to another repository without its bytes", async () => {
    const bytes = fresh();
    const digest = await pushBlob(registry, "source", bytes);
    await expectStored(await begin(`?mount=${digest}&from=source`), bytes);
  });

  test("may leave away where from: the blob is found where it was pushed last", async () => {
    const bytes = fresh();
    const digest = await pushBlob(registry, "source", bytes);
    await expectStored(await begin(`?mount=${digest}`), bytes);
    await registry.call("DELETE", `/v2/app/blobs/${digest}`);
    expect((await begin(`?mount=${digest}`)).status).toBe(202);
  });

  test("of what is not there, or from no repository begins an upload", async () => {
    const bytes = fresh();
    const digest = await pushBlob(registry, "source", bytes);
    for (const query of [
      `?mount=${digest}&from=nobody`,
      `?mount=${digest}&from=../x`,
      `?mount=${digest}&from=`,
    ]) {
      const reply = await begin(query);
      expect(reply.status).toBe(202);
      expect((await registry.call("HEAD", `/v2/app/blobs/${digest}`)).status).toBe(404);
      expect((await registry.call("DELETE", locationOf(reply))).status).toBe(204);
    }
    const reply = await begin(`?mount=${digestOf(fresh())}&from=source`);
    expect([reply.status, locationOf(reply)]).toEqual([
      202,
      expect.stringContaining("/v2/app/blobs/uploads/"),
    ]);
  });
});

test("two clients that push the same blob at once both succeed", async () => {
  const bytes = fresh(3_000_000);
  const digest = digestOf(bytes);
  const replies = await Promise.all(
    [1, 2, 3, 4].map(async () => put(locationOf(await begin()), digest, bytes)),
  );
  for (const reply of replies) expect(reply.status).toBe(201);
  await expectStored(replies[0] as Reply, bytes);
});
