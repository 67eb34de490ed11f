/** A thread that recognises how one stream was packed: see `recogniser-thread.ts`. */
import { parentPort } from "node:worker_threads";
import { parseGzipHeader } from "./gzip-header.ts";
import { GzipRecogniser } from "./recognise.ts";
import type { Answer, Heard } from "./recogniser-thread.ts";

const recogniser = new GzipRecogniser();

function hear({ calls, bytes }: Heard): void {
  let at = 0;
  for (const { method, size } of calls) {
    const some = Buffer.from(bytes.buffer, bytes.byteOffset + at, size);
    at += size;
    if (method !== "header") recogniser[method](some);
    else {
      const header = parseGzipHeader(some);
      if (header !== undefined) recogniser.header(header, some);
    }
  }
}

parentPort?.on("message", (message: Heard | "over") => {
  const answer: Answer = { done: 0 };
  if (message === "over") answer.over = { recipe: recogniser.recipe };
  else {
    hear(message);
    answer.done = message.weight;
  }
  parentPort?.postMessage(answer);
});
