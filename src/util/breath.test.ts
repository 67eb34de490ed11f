import { expect, test } from "vitest";
import { makeBreath } from "./breath.ts";

test("work that computes without end still hears that it is to stop", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("stopped")), 10);
  const breathe = makeBreath(controller.signal);
  const work = async (): Promise<never> => {
    for (;;) await breathe();
  };
  await expect(work()).rejects.toThrow("stopped");
});
