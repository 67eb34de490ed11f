/** A thread that packs blocks: see `block-pool.ts`. */
import { parentPort } from "node:worker_threads";
import { type BlockJob, packBlock } from "./block-job.ts";

parentPort?.on("message", ({ number, job }: { number: number; job: BlockJob }) => {
  parentPort?.postMessage({ number, size: packBlock(job) });
});
