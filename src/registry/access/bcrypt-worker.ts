/** The thread that compares passwords: a comparison costs 100 ms and more, in which the server answers others. */
import { parentPort } from "node:worker_threads";
import { compareSync } from "bcryptjs";

parentPort?.on("message", (question: { id: number; password: string; hash: string }) => {
  let matches = false;
  try {
    matches = compareSync(question.password, question.hash);
  } catch {
    // A hash that is none matches nothing.
  }
  parentPort?.postMessage({ id: question.id, matches });
});
parentPort?.postMessage({ ready: true });
