import { brotliCompressSync } from "node:zlib";
import { programSources } from "../src/bases/program-sources.ts";

/** The program that stands in bases, as the built program has it in itself (src/bases/program-files.ts). */
export async function packedInside(): Promise<string> {
  const packed = brotliCompressSync(JSON.stringify(await programSources()));
  return JSON.stringify(packed.toString("base64"));
}
