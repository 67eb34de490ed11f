import type { Readable } from "node:stream";
import { DdiffError } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";
import type { LayerFiles } from "./image-files/layer-files.ts";
import type { UnpackedFile } from "./place.ts";

/**
 * A step of a tar-split list (github.com/vbatts/tar-split, tar/storage/entry.go): bytes of the tar that lie in no file
 * (headers, padding; base64, unpacked where they are wanted), or the content of a file.
 */
type Step = { kind: "bytes"; packed: string; size: number } | { kind: "file"; name: Buffer; size: number };

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
const zeros = Buffer.alloc(gatherSize);
const newline = 0x0a;
/** A line holds the padding behind one file and the headers before the next, or all that follows the last one. */
const longestLine = 256 << 20;

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
  for await (const steps of readSteps(list, what)) for (const step of steps) size += step.size;
  return size;
}

/**
 * The tar that a list describes with zeros where the content of files stands: nothing but the list is read. `leave` hears of
 * every file before the bytes in front of it are given, with the place of its content in the tar. Throws `TAR_SPLIT_INVALID`.
 */
export async function* frameFromSplit(
  list: Readable,
  what: string,
  leave: (offset: number, file: UnpackedFile) => void,
): AsyncGenerator<Buffer, void, void> {
  let offset = 0;
  let before: Buffer = zeros.subarray(0, 0);
  for await (const steps of readSteps(list, what)) {
    for (const step of steps) {
      if (step.kind === "bytes") {
        yield before;
        before = unpack(step, what);
      } else {
        leave(offset, step);
        for (let left = step.size; left > 0; left -= gatherSize) {
          yield before;
          before = zeros.subarray(0, left);
        }
      }
      offset += step.size;
    }
  }
  yield before;
}

async function* assemble(
  list: Readable,
  files: LayerFiles,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  let gather = Buffer.allocUnsafe(gatherSize);
  let used = 0;
  for await (const steps of readSteps(list, what)) {
    for (const step of steps) {
      const { size } = step;
      if (used + size > gatherSize) {
        yield gather.subarray(0, used);
        gather = Buffer.allocUnsafe(gatherSize);
        used = 0;
      }
      if (size > gatherSize) {
        if (step.kind === "bytes") yield unpack(step, what);
        else yield* files.read(step.name, size);
        continue;
      }
      if (step.kind === "bytes") unpack(step, what, gather.subarray(used));
      else files.readInto(gather.subarray(used), step.name, size);
      used += size;
    }
  }
  yield gather.subarray(0, used);
}

/** The bytes of a step, in `into` where it is given. What is no base64 is found here, by its length: looking at each letter costs more. */
function unpack(step: Step & { kind: "bytes" }, what: string, into = Buffer.allocUnsafe(step.size)): Buffer {
  if (into.write(step.packed, "base64") !== step.size) throw invalid(what);
  return into;
}

/** The steps of a list, as many at a time as a piece of it holds: lists have a line or two for each of a million files. */
async function* readSteps(list: Readable, what: string): AsyncGenerator<Step[], void, void> {
  let number = 0;
  /** The pieces of a line whose end has not come yet. */
  let begun: Buffer[] = [];
  let length = 0;
  const stepsOf = (text: string): Step[] => {
    const steps: Step[] = [];
    for (const line of text.split("\n")) {
      number++;
      if (line !== "") addStep(steps, line, number, what);
    }
    return steps;
  };
  try {
    for await (const chunk of list as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(newline);
      if (end >= 0) {
        // A line never ends within a character of UTF-8.
        yield stepsOf(Buffer.concat([...begun, chunk.subarray(0, end)]).toString());
        begun = [];
        length = 0;
      }
      const rest = chunk.subarray(end + 1);
      length += rest.length;
      if (length > longestLine) throw invalid(what, number + 1);
      if (rest.length > 0) begun.push(rest);
    }
    yield stepsOf(Buffer.concat(begun).toString());
  } finally {
    list.destroy();
  }
}

function addStep(steps: Step[], text: string, number: number, what: string): void {
  const line = parseLine(text, number, what);
  const { type, size = 0, payload } = line;
  if (type === 2) {
    if (typeof payload !== "string" || payload.length % 4 !== 0) throw invalid(what, number);
    if (payload !== "")
      steps.push({ kind: "bytes", packed: payload, size: Buffer.byteLength(payload, "base64") });
    return;
  }
  if (type !== 1 || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(what, number);
  if (size === 0) return;
  // A name that is not UTF-8 stands in name_raw, for JSON cannot hold it.
  const raw = typeof line.name_raw === "string" ? Buffer.from(line.name_raw, "base64") : undefined;
  if (raw === undefined && typeof line.name !== "string") throw invalid(what, number);
  steps.push({ kind: "file", name: raw ?? Buffer.from(line.name as string), size });
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

function invalid(what: string, line?: number): DdiffError {
  return new DdiffError(
    "TAR_SPLIT_INVALID",
    `The engine's list of the files in ${what} is damaged${line === undefined ? "" : ` in line ${line}`}`,
    {
      hint: "Remove the image from the engine and pull or load it again.",
    },
  );
}
