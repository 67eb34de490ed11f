import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { DdiffError } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";
import type { LayerFiles } from "./image-files/layer-files.ts";

/**
 * A step of a tar-split list (github.com/vbatts/tar-split, tar/storage/entry.go): bytes of the tar that lie in no file
 * (headers, padding), or the content of a file.
 */
type Step = { kind: "bytes"; bytes: Buffer } | { kind: "file"; name: Buffer; size: number };

/** What engines write by the million; read by hand because a JSON schema for each line would cost more than the files. */
interface Line {
  type?: unknown;
  name?: unknown;
  name_raw?: unknown;
  size?: unknown;
  payload?: unknown;
}

/** Small pieces are gathered to at most this many bytes before they go on. */
const gatherSize = 256 << 10;

/**
 * Puts a layer's tar together again from its list and its unpacked files. `openList` gives the list uncompressed: one JSON
 * object a line. Whether the result is the layer is for its diffID to say: the caller checks it.
 * The stream fails with `TAR_SPLIT_INVALID`, and `LAYER_CHANGED` where a file is not what it was.
 */
export function tarFromSplit(openList: () => Readable, files: LayerFiles, what: string): Readable {
  const list = openList();
  return readableOf(assemble(list, files, what), () => list.destroy());
}

/** The size in bytes of the tar that a list describes. Throws `TAR_SPLIT_INVALID`. */
export async function sizeOfSplit(list: Readable, what: string): Promise<number> {
  let size = 0;
  for await (const step of readSteps(list, what))
    size += step.kind === "bytes" ? step.bytes.length : step.size;
  return size;
}

async function* assemble(
  list: Readable,
  files: LayerFiles,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  let gather = Buffer.allocUnsafe(gatherSize);
  let used = 0;
  for await (const step of readSteps(list, what)) {
    const size = step.kind === "bytes" ? step.bytes.length : step.size;
    if (used + size > gatherSize) {
      yield gather.subarray(0, used);
      gather = Buffer.allocUnsafe(gatherSize);
      used = 0;
    }
    if (size > gatherSize) {
      if (step.kind === "bytes") yield step.bytes;
      else yield* files.read(step.name, size);
      continue;
    }
    if (step.kind === "bytes") step.bytes.copy(gather, used);
    else files.readInto(gather.subarray(used), step.name, size);
    used += size;
  }
  yield gather.subarray(0, used);
}

async function* readSteps(list: Readable, what: string): AsyncGenerator<Step, void, void> {
  let number = 0;
  const reader = createInterface({ input: list, crlfDelay: Number.POSITIVE_INFINITY });
  // readline would wait for ever where its input fails.
  list.once("error", () => reader.close());
  try {
    for await (const line of reader) {
      number++;
      if (line !== "") yield* stepOf(line, number, what);
    }
    if (list.errored !== null) throw list.errored;
  } finally {
    reader.close();
    list.destroy();
  }
}

function* stepOf(text: string, number: number, what: string): Generator<Step, void, void> {
  const line = parseLine(text, number, what);
  const { type, size = 0, payload } = line;
  if (type === 2) {
    if (typeof payload !== "string") throw invalid(what, number);
    yield { kind: "bytes", bytes: Buffer.from(payload, "base64") };
    return;
  }
  if (type !== 1 || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(what, number);
  if (size === 0) return;
  // A name that is not UTF-8 stands in name_raw, for JSON cannot hold it.
  const raw = typeof line.name_raw === "string" ? Buffer.from(line.name_raw, "base64") : undefined;
  if (raw === undefined && typeof line.name !== "string") throw invalid(what, number);
  yield { kind: "file", name: raw ?? Buffer.from(line.name as string), size };
}

function parseLine(text: string, number: number, what: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, in the same words.
  }
  throw invalid(what, number);
}

function invalid(what: string, line: number): DdiffError {
  return new DdiffError(
    "TAR_SPLIT_INVALID",
    `The engine's list of the files in ${what} is damaged in line ${line}`,
    {
      hint: "Remove the image from the engine and pull or load it again.",
    },
  );
}
