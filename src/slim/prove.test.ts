import { afterEach, beforeEach, expect, it } from "vitest";
import { addImage, openWorkshop, type Workshop } from "../delta/testing/images.ts";
import { makeTar, type TarSpec } from "../delta/testing/tars.ts";
import { file, symlink } from "../inspect/testing/layers.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import type { CheckComparison } from "./check/compare-checks.ts";
import { proveSame, recordBefore } from "./prove.ts";
import { makeSlim, planSlim } from "./slim.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
});
afterEach(async () => {
  await workshop.close();
});

const looking = { list: undefined, runner: "none", seconds: 10 } as const;

/** Slims an image of one layer without the classes `drop`, and tries both by looking alone. */
async function proof(members: TarSpec[], drop: string[]): Promise<CheckComparison[]> {
  const store = new MemoryStore();
  const place = await workshop.write(store, addImage(store, [{ tar: makeTar(members) }]), "image:old");
  const source = await workshop.open(place);
  const options = { drop, keep: [], times: { fix: true, latest: undefined }, version: "1.0.0" };
  const planned = await planSlim(source, [], options, workshop.context);
  const before = await recordBefore(source, planned.plans, looking, workshop.context);
  const made = await makeSlim(source, planned, options, workshop.context);
  try {
    return await proveSame(made.image, before, looking, workshop.context);
  } finally {
    made.close();
  }
}

const image = [
  file("usr/share/doc/shell/greeting", "hello"),
  symlink("etc/motd", "/usr/share/doc/shell/greeting"),
  file("var/lib/apt/lists/deb_Packages", "x".repeat(5000)),
];

it("says how many checks an image that lacks nothing passes as before", async () => {
  const [comparison] = await proof(image, []);
  expect(comparison).toMatchObject({ lost: [] });
  expect(comparison?.kept).toBeGreaterThan(0);
});

it("refuses an image in which a link that led somewhere leads nowhere", async () => {
  await expect(proof(image, ["documentation"])).rejects.toMatchObject({
    code: "BEHAVIOUR_LOST",
    exitStatus: 1,
    message: expect.stringContaining("etc/motd"),
  });
});
