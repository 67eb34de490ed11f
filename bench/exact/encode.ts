import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { makerOf } from "../../src/codec/exact/testing/deflated.ts";

/** `node bench/exact/encode.ts ID FILE` writes the deflate stream, or the zstd frame, that an exact encoder makes of a file. */
const [id = "", file = ""] = process.argv.slice(2);
const encoder = makerOf(id)((bytes) => {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
});
// One buffer for all of it, as the programs have that this is compared with.
const buffer = Buffer.alloc(1 << 18);
const input = openSync(file, "r");
for (let size; (size = readSync(input, buffer)) > 0; ) encoder.write(buffer.subarray(0, size));
closeSync(input);
encoder.finish();
