import type { DeflateMaker } from "../encoder.ts";
import { findEncoder } from "../encoders.ts";

/** What an encoder makes of bytes that are written in pieces. */
export function deflated(make: DeflateMaker, bytes: Uint8Array, piece = 100_003): Buffer {
  const out: Buffer[] = [];
  const encoder = make((emitted) => out.push(Buffer.from(emitted)));
  for (let at = 0; at < bytes.length; at += piece) encoder.write(bytes.subarray(at, at + piece));
  encoder.finish();
  return Buffer.concat(out);
}

/** The encoder of an id. Throws if there is none. */
export function makerOf(id: string): DeflateMaker {
  const found = findEncoder(id);
  if (found === undefined) throw new Error(`there is no encoder ${id}`);
  return found.make;
}
