import { deflateRawSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { gunzipMembers } from "./gzip-members.ts";
import { GzipRecogniser } from "./recognise.ts";
import { packedBy } from "./testing/gzip.ts";
import { cut, gathered } from "./testing/streams.ts";
import { gunzipBeside, RecogniserThread } from "./recogniser-thread.ts";
import { sampleBytes } from "./testing/sample.ts";

const sample = sampleBytes(6_000_000);
const header = Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]);
const strange = Buffer.concat([
  header,
  deflateRawSync(sample, { windowBits: 9 }),
  gzipSync(sample).subarray(-8),
]);

it.each([
  ["one member", gzipSync(sample)],
  ["hundreds of members", Buffer.concat(Array<Buffer>(600).fill(gzipSync(Buffer.from("the same"))))],
  ["members, and zeros behind them", Buffer.concat([gzipSync(sample), gzipSync("more"), Buffer.alloc(700)])],
  ["what no encoder explains", strange],
])("a thread says of %s what is said without one", async (_, packed) => {
  const alone = new GzipRecogniser();
  const thread = new RecogniserThread();
  const plain: Buffer[] = [];
  const beside: Buffer[] = [];
  for await (const piece of gunzipMembers(cut(packed), alone, "it")) plain.push(Buffer.from(piece));
  for await (const piece of gunzipBeside(cut(packed), thread, "it")) beside.push(Buffer.from(piece));
  expect(Buffer.concat(beside).equals(Buffer.concat(plain))).toBe(true);
  expect(await thread.recipe()).toEqual(alone.recipe);
});

it.each([
  ["given up", gzipSync(sample), 1],
  ["damaged", gzipSync(sample).subarray(0, -20), Number.POSITIVE_INFINITY],
])("a thread ends with a stream that is %s, and knows nothing", async (_, packed, most) => {
  const thread = new RecogniserThread();
  let pieces = 0;
  const reading = async (): Promise<void> => {
    for await (const _ of gunzipBeside(cut(packed), thread, "it")) if (++pieces === most) break;
  };
  if (most === 1) await reading();
  else await expect(reading()).rejects.toMatchObject({ code: "DECOMPRESSION_FAILED" });
  await expect(thread.recipe()).rejects.toThrow("ended");
});

it("a thread is waited for where nothing comes out of a stream, too", async () => {
  let asked = 0;
  class Watched extends RecogniserThread {
    override room(): Promise<void> {
      asked++;
      return super.room();
    }
  }
  const thread = new Watched();
  const empty = await packedBy("zlib-level1", Buffer.alloc(0));
  const packed = Buffer.concat(Array<Buffer>(2000).fill(empty));
  await gathered(gunzipBeside(cut(packed, 2000), thread, "it"));
  expect(asked).toBe(packed.length / 2000);
  expect(await thread.recipe()).toMatchObject([{ sizes: Array<number>(2000).fill(0) }]);
});
