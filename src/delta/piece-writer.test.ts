import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from "fast-check";
import { expect, it } from "vitest";
import { madeStream } from "./made-stream.ts";
import { PieceWriter } from "./piece-writer.ts";

const step = record({
  size: integer({ min: 0, max: 700_000 }),
  how: constantFrom("write", "fill", "flush"),
});

it("gives on every byte in order, in whatever portions it comes", async () => {
  await assert(
    asyncProperty(array(step, { maxLength: 8 }), boolean(), async (steps, lends) => {
      const given: Buffer[] = [];
      const wanted: Buffer[] = [];
      const out = new PieceWriter(
        (piece) => {
          given.push(lends ? Buffer.from(piece) : piece);
          return given.length % 2 === 0 ? Promise.resolve() : undefined;
        },
        { lends },
      );
      for (const [number, { size, how }] of steps.entries()) {
        if (how === "flush") {
          await out.flush();
          continue;
        }
        const bytes = Buffer.alloc(size, number + 1);
        wanted.push(bytes);
        if (how === "write") await out.write(bytes);
        else {
          for (let left = size; left > 0; ) {
            const some = Math.min(left, out.room().length);
            out.room().fill(number + 1, 0, some);
            left -= some;
            await out.took(some);
          }
        }
      }
      await out.flush();
      expect(Buffer.concat(given).equals(Buffer.concat(wanted))).toBe(true);
      expect(given.every((piece) => piece.length > 0 && piece.length <= 256 << 10)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it("makes hardly more than is read, and stops where nobody reads any more", async () => {
  let made = 0;
  const { stream, ended } = madeStream(async (give) => {
    for (; made < 100; made++) await give(Buffer.alloc(256 << 10));
  });
  const pieces = stream[Symbol.asyncIterator]();
  for (let read = 0; read < 5; read++) await pieces.next();
  expect(made).toBeLessThan(10);
  stream.destroy();
  await ended;
  expect(made).toBeLessThan(10);
});

it("ends with what its maker throws, behind the bytes that were made before", async () => {
  const { stream, ended } = madeStream(async (give) => {
    await give(Buffer.from("before"));
    throw new Error("the end is wrong");
  });
  const reading = async (): Promise<void> => {
    for await (const piece of stream) expect(String(piece)).toBe("before");
  };
  await expect(reading()).rejects.toThrow("the end is wrong");
  await ended;
});
