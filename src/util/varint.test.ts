import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, ByteWriter } from "./varint.ts";

test("every safe integer comes back as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (numbers) => {
      const writer = new ByteWriter();
      for (const number of numbers) {
        writer.signed(Math.trunc(number / 2));
        writer.unsigned(Math.abs(number));
      }
      const reader = new ByteReader(writer.take(), "numbers");
      for (const number of numbers) {
        expect(reader.signed() === Math.trunc(number / 2)).toBe(true);
        expect(reader.unsigned()).toBe(Math.abs(number));
      }
      reader.end();
    }),
  );
});

test("bytes that end early, run on or overflow are refused by name", () => {
  expect(() => new ByteReader(Buffer.from([0x80]), "column x").unsigned()).toThrow(/column x ends early/);
  expect(() => new ByteReader(Buffer.alloc(20, 0xff), "column x").unsigned()).toThrow(/too large/);
  expect(() => new ByteReader(Buffer.alloc(3), "column x").bytes(4)).toThrow(/ends early/);
  expect(() => new ByteReader(Buffer.alloc(3), "column x").end()).toThrow(/left over/);
});

test("any bytes give a number or an error, never a hang", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const reader = new ByteReader(bytes, "x");
      try {
        while (reader.remaining > 0) expect(Number.isSafeInteger(reader.signed())).toBe(true);
      } catch (error) {
        expect(String(error)).toMatch(/damaged/);
      }
    }),
  );
});
