import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DdiffError } from "../util/errors.ts";
import { askControl, serveControl } from "./control.ts";

const top = mkdtempSync(join(tmpdir(), "ddiff-control-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

test("a running server does what its folder's owner asks for, whatever the folder is called", async () => {
  const folder = join(top, "a folder with a name longer than a socket may have ".repeat(3));
  mkdirSync(folder);
  const control = await serveControl(folder, {
    gc: async (words) => ({ dryRun: words.get("dry-run") === "true" }),
    scrub: async () => {
      throw new DdiffError("SCRUB_RUNS", "a scrub runs already", { hint: "Wait for it." });
    },
  });
  expect(statSync(join(folder, "control.sock")).mode & 0o777).toBe(0o600);
  expect(await askControl(folder, "gc", { "dry-run": "true" })).toEqual({ dryRun: true });
  await expect(askControl(folder, "scrub", {})).rejects.toMatchObject({
    code: "SCRUB_RUNS",
    hint: "Wait for it.",
  });
  await expect(askControl(folder, "stop", {})).rejects.toMatchObject({ code: "UNKNOWN" });
  await control.close();
  expect(await askControl(folder, "gc", {})).toBeUndefined();
});

test("where no server runs nothing is answered, also where one was killed", async () => {
  expect(await askControl(join(top, "none"), "gc", {})).toBeUndefined();
  const folder = mkdtempSync(join(top, "killed-"));
  expect(await askControl(folder, "gc", {})).toBeUndefined();
  await serveControl(folder, {});
  // The next server takes the socket's place.
  const next = await serveControl(folder, { gc: async () => "next" });
  expect(await askControl(folder, "gc", {})).toBe("next");
  await next.close();
});

test("whoever stops waiting ends the work", async () => {
  const folder = mkdtempSync(join(top, "aborted-"));
  let ended = false;
  const control = await serveControl(folder, {
    scrub: (_words, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          ended = true;
          reject(new Error("aborted"));
        });
      }),
  });
  const stop = new AbortController();
  const asked = askControl(folder, "scrub", {}, stop.signal);
  setTimeout(() => stop.abort(), 100);
  await expect(asked).rejects.toThrow();
  await expect.poll(() => ended).toBe(true);
  await control.close();
});
