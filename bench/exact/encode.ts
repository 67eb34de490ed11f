import { createReadStream } from "node:fs";
import { makerOf } from "../../src/codec/exact/testing/deflated.ts";

/** `node bench/exact/encode.ts ID FILE` writes the deflate stream that an exact encoder makes of a file. */
const [id = "", file = ""] = process.argv.slice(2);
const waiting: Buffer[] = [];
const encoder = makerOf(id)((bytes) => waiting.push(Buffer.from(bytes)));

async function handOn(): Promise<void> {
  for (const bytes of waiting.splice(0))
    if (!process.stdout.write(bytes)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}

for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) {
  encoder.write(bytes as Buffer);
  await handOn();
}
encoder.finish();
await handOn();
