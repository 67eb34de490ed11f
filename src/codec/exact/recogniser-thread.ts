import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { threadFile } from "../../util/thread-file.ts";
import type { GzipHeader } from "./gzip-header.ts";
import { type GzipListener, gunzipMembers } from "./gzip-members.ts";
import type { PackingRecipe } from "./packing-recipe.ts";

/** What is heard goes to the thread in pieces of this size, for each message costs time. */
const batchSize = 1 << 20;
/** So many bytes may wait for the thread: packed and plain ones together, and what it takes to say what they are. */
const mostWaiting = 8 << 20;
/** A call takes about so many bytes itself, which is what counts in a stream of empty members. */
const callSize = 256;

/** What a listener heard, one after the other: which of its methods, and of how many of the bytes. */
export interface Heard {
  calls: { method: keyof GzipListener; size: number }[];
  bytes: Uint8Array;
  /** What it weighs while it waits. */
  weight: number;
}

/** What the thread answers: the weight of what it has dealt with, and at the end how the stream was packed. */
export interface Answer {
  done: number;
  over?: { recipe: PackingRecipe | undefined };
}

/** Whether there is a second processor for the thread. */
export function hasProcessorToSpare(): boolean {
  return availableParallelism() > 1;
}

/**
 * Recognises in a thread of its own how a gzip stream was packed, while this one goes on with what comes out of it: packing takes as long as
 * everything else that is done with a layer. Keeps no program alive that waits for nothing.
 */
export class RecogniserThread implements GzipListener {
  private readonly worker = new Worker(threadFile("codec/exact/recogniser-worker"));
  private calls: Heard["calls"] = [];
  private bytes = new Uint8Array(batchSize);
  private length = 0;
  private waiting = 0;
  private over: Answer["over"];
  private failure: unknown;
  private wake: (() => void) | undefined;

  constructor() {
    this.worker.unref();
    this.worker.on("message", ({ done, over }: Answer) => {
      this.waiting -= done;
      this.over = over;
      this.wake?.();
    });
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", () => this.fail(new Error("the thread ended")));
  }

  header(_: GzipHeader, bytes: Buffer): void {
    this.hear("header", bytes);
  }

  packed(bytes: Buffer): void {
    this.hear("packed", bytes);
  }

  plain(bytes: Buffer): void {
    this.hear("plain", bytes);
  }

  end(trailer: Buffer): void {
    this.hear("end", trailer);
  }

  padding(bytes: Buffer): void {
    this.hear("padding", bytes);
  }

  /** Waits until the thread has caught up so far that more may come. Throws what ended it. */
  async room(): Promise<void> {
    await this.until(() => this.waiting <= mostWaiting);
  }

  /** How the stream was packed, which is over; undefined where that is not known. Ends the thread. */
  async recipe(): Promise<PackingRecipe | undefined> {
    this.send();
    this.worker.postMessage("over");
    try {
      await this.until(() => this.over !== undefined);
      return this.over?.recipe;
    } finally {
      this.close();
    }
  }

  /** Ends the thread, whatever it does. */
  close(): void {
    void this.worker.terminate();
  }

  private hear(method: keyof GzipListener, bytes: Buffer): void {
    if (this.length + bytes.length > this.bytes.length || this.calls.length * callSize > batchSize)
      this.send();
    if (bytes.length > this.bytes.length) this.bytes = new Uint8Array(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    this.calls.push({ method, size: bytes.length });
  }

  private send(): void {
    if (this.calls.length === 0) return;
    const weight = this.length + callSize * this.calls.length;
    const heard: Heard = { calls: this.calls, bytes: this.bytes.subarray(0, this.length), weight };
    this.waiting += weight;
    this.worker.postMessage(heard, [this.bytes.buffer]);
    this.calls = [];
    this.bytes = new Uint8Array(batchSize);
    this.length = 0;
  }

  private async until(isSo: () => boolean): Promise<void> {
    this.worker.ref();
    while (this.failure === undefined && !isSo()) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    this.worker.unref();
    if (this.failure !== undefined && !isSo()) throw this.failure;
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.wake?.();
  }
}

/** A stream of which no more is read while the thread is behind, for there are streams of which nothing comes out. */
async function* paced(source: AsyncIterable<Buffer>, thread: RecogniserThread): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    await thread.room();
    yield piece;
  }
}

/** Unpacks a gzip stream as `gunzipMembers` does, no faster than `thread` can follow, which ends where the reading ends too early. */
export async function* gunzipBeside(
  source: AsyncIterable<Buffer>,
  thread: RecogniserThread,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  let isWhole = false;
  try {
    for await (const plain of gunzipMembers(paced(source, thread), thread, what)) {
      yield plain;
      await thread.room();
    }
    isWhole = true;
  } finally {
    if (!isWhole) thread.close();
  }
}
