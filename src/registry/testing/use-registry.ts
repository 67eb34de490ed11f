import { afterAll, beforeAll } from "vitest";
import { type Running, type StartOptions, startRegistry } from "./start.ts";

/** A registry that runs from before a file's first test to after its last. Not to be asked outside of tests and hooks. */
export function useRegistry(options?: StartOptions): Running {
  let running: Running | undefined;
  beforeAll(async () => {
    running = await startRegistry(options);
  });
  afterAll(() => running?.close());
  const current = (): Running => {
    if (running === undefined) throw new Error("the registry runs while tests do");
    return running;
  };
  return {
    get port() {
      return current().port;
    },
    get store() {
      return current().store;
    },
    call: (...request) => current().call(...request),
    raw: (...bytes) => current().raw(...bytes),
    restart: () => current().restart(),
    close: () => current().close(),
  };
}
