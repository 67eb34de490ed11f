import { brotliDecompressSync } from "node:zlib";

/** A file of the program that stands in a base, by its path in the base's folder `bin`. */
export interface ProgramFile {
  readonly path: string;
  readonly text: string;
}

/** The files as JSON, packed with Brotli, in Base64. Set by the builds (scripts/inside.ts), where the sources do not lie beside the program. */
declare const DDIFF_INSIDE: string | undefined;

/** The program of a base, from this program itself or, where it runs unbuilt, from its sources. */
export async function programFiles(): Promise<ProgramFile[]> {
  // One expression, of which a build leaves the other half out.
  return typeof DDIFF_INSIDE === "string"
    ? (JSON.parse(brotliDecompressSync(Buffer.from(DDIFF_INSIDE, "base64")).toString()) as ProgramFile[])
    : await (await import("./program-sources.ts")).programSources();
}
