import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { readAll } from "./read-all.ts";
import { verified } from "./verify.ts";

const bytes = Buffer.from("a blob of a registry");
const digest = digestOf(bytes);

function stream(...chunks: Buffer[]): Readable {
  return Readable.from(chunks, { objectMode: false });
}

describe("verified", () => {
  it("passes bytes that are what they should be", async () => {
    const parts = [bytes.subarray(0, 3), bytes.subarray(3)];
    expect(
      await readAll(verified(stream(...parts), { digest, size: bytes.length }, "blob"), 99, "blob"),
    ).toEqual(bytes);
    expect(await readAll(verified(stream(...parts), { digest }, "blob"), 99, "blob")).toEqual(bytes);
    const long = digestOf(bytes, "sha512");
    expect(await readAll(verified(stream(...parts), { digest: long }, "blob"), 99, "blob")).toEqual(bytes);
  });

  it("fails before the end where they are not", async () => {
    const other = Buffer.from(bytes);
    other[5] = 0;
    const size = bytes.length;
    const read = (chunk: Buffer, expected: { digest: typeof digest; size?: number }): Promise<Buffer> =>
      readAll(verified(stream(chunk), expected, "layer x"), 99, "blob");
    await expect(read(other, { digest, size })).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
      message: /layer x/,
    });
    await expect(read(bytes.subarray(1), { digest, size })).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    await expect(read(bytes.subarray(1), { digest })).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(read(Buffer.alloc(0), { digest, size })).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  it("stops an endless stream as soon as it is too long", async () => {
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1000));
      },
    });
    await expect(
      readAll(verified(endless, { digest, size: 5000 }, "blob"), 1e9, "blob"),
    ).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    expect(endless.destroyed).toBe(true);
  });

  it("passes on the error of its source and closes it when given up", async () => {
    const broken = new Readable({ read() {} });
    const result = readAll(verified(broken, { digest }, "blob"), 99, "blob");
    broken.destroy(new Error("reset by peer"));
    await expect(result).rejects.toThrow("reset by peer");
    const idle = new Readable({ read() {} });
    const given = verified(idle, { digest }, "blob");
    given.resume();
    await new Promise((resolve) => setImmediate(resolve));
    given.destroy();
    expect(idle.destroyed).toBe(true);
  });
});

describe("readAll", () => {
  it("refuses more than the limit and closes the stream", async () => {
    expect(await readAll(stream(bytes), bytes.length, "config")).toEqual(bytes);
    const source = stream(bytes, bytes);
    await expect(readAll(source, bytes.length, "config")).rejects.toMatchObject({
      code: "TOO_LARGE",
      message: /config/,
    });
    expect(source.destroyed).toBe(true);
  });
});
