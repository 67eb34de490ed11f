import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { threadFile } from "../../util/thread-file.ts";
import { type BlockJob, memoryFor, packBlock } from "./block-job.ts";

/** Each thread takes some 40 MB, and what they pack comes in and goes out through one. */
const mostThreads = 4;
/** So many blocks for each thread are under way, so that it has the next one when it is done. */
const blocksPerThread = 2;

/** A packed block, and what gives its memory back. */
export interface PackedBlock {
  bytes: Uint8Array;
  release(): void;
}

interface Waiting {
  job: BlockJob;
  resolve: (size: number) => void;
  reject: (error: unknown) => void;
}

/** A thread and what it was asked. */
interface Thread {
  worker: Worker;
  waiting: Map<number, Waiting>;
}

/** Threads that pack blocks, for all streams together. They start with the first block and keep no program alive that has nothing to wait for. */
class BlockPool {
  private readonly threads: Thread[] = [];
  /** 1 where there is one processor only, or this build has no file for threads: blocks are packed here. */
  private size = Math.min(mostThreads, availableParallelism());
  private next = 0;
  private readonly spare: SharedArrayBuffer[] = [];

  /** How many blocks of a stream should be under way, so that all threads have work. */
  get room(): number {
    return this.size > 1 ? this.size * blocksPerThread : 0;
  }

  /** Packs a block, whose bytes are copied at once. `tail` is the end of the block before. */
  async pack(encoder: string, block: Uint8Array, tail: Uint8Array, isLast: boolean): Promise<PackedBlock> {
    const memory = this.memoryOf(memoryFor(tail.length, block.length));
    const bytes = new Uint8Array(memory);
    bytes.set(tail);
    bytes.set(block, tail.length);
    const start = tail.length + block.length;
    const job = { encoder, memory, tailSize: tail.length, blockSize: block.length, isLast };
    const size = this.size > 1 ? await this.ask(job) : packBlock(job);
    return { bytes: bytes.subarray(start, start + size), release: () => void this.spare.push(memory) };
  }

  private memoryOf(size: number): SharedArrayBuffer {
    const at = this.spare.findIndex(({ byteLength }) => byteLength >= size);
    return this.spare.splice(at, at < 0 ? 0 : 1)[0] ?? new SharedArrayBuffer(size);
  }

  private ask(job: BlockJob): Promise<number> {
    const { worker, waiting } = this.freest();
    const number = this.next++;
    return new Promise((resolve, reject) => {
      waiting.set(number, { job, resolve, reject });
      worker.ref();
      worker.postMessage({ number, job });
    });
  }

  private freest(): Thread {
    let best = this.threads[0];
    for (const thread of this.threads) if (thread.waiting.size < best!.waiting.size) best = thread;
    if (best !== undefined && (best.waiting.size === 0 || this.threads.length >= this.size)) return best;
    return this.start();
  }

  private start(): Thread {
    const worker = new Worker(threadFile("codec/exact/block-worker"));
    const waiting = new Map<number, Waiting>();
    worker.unref();
    worker.on("message", ({ number, size }: { number: number; size: number }) => {
      waiting.get(number)?.resolve(size);
      waiting.delete(number);
      if (waiting.size === 0) worker.unref();
    });
    /** The thread is gone: what it was asked is done here, and all that comes. */
    const lost = (): void => {
      this.size = 1;
      for (const [number, { job, resolve, reject }] of waiting) {
        waiting.delete(number);
        try {
          resolve(packBlock(job));
        } catch (error) {
          reject(error);
        }
      }
    };
    worker.on("error", lost);
    worker.on("exit", lost);
    const thread = { worker, waiting };
    this.threads.push(thread);
    return thread;
  }
}

export const blockPool = new BlockPool();
