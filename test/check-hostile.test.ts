import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTar, type TarSpec } from "../src/delta/testing/tars.ts";
import { python } from "./support/check-image.ts";
import { CheckWorkshop, outcomes, rootlessMissing } from "./support/check-workshop.ts";
import { ddiff } from "./support/run.ts";
import { describePlace } from "./support/tools.ts";

describePlace("check-hostile", rootlessMissing, () => {
  let shop: CheckWorkshop;
  beforeAll(async () => {
    shop = await CheckWorkshop.open();
    await shop.write("app:1");
    await shop.write("app:mips", [], "mips64le");
  }, 240_000);
  afterAll(() => shop.close());

  it("an image full of tricks changes nothing outside of the work folder", async () => {
    const outside = join(shop.folder, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "file"), "mine");
    const tricks: TarSpec[] = [
      { path: "a", flag: "2", linkPath: outside },
      { path: "a/file", bytes: Buffer.from("theirs") },
      { path: "../../../../../../../../tmp/ddiff-escaped", bytes: Buffer.from("theirs") },
      { path: "/absolute", bytes: Buffer.from("x") },
      { path: "hard", flag: "1", linkPath: "../../../../etc/passwd" },
      { path: "b", flag: "2", linkPath: `${outside}/file` },
      { path: "b", bytes: Buffer.from("theirs") },
      { path: "disk", flag: "4", device: [8, 0], mode: 0o666 },
      { path: "pipe", flag: "6", mode: 0o666 },
      { path: "suid", mode: 0o4755, bytes: Buffer.from("#!/bin/sh\nid -u\n") },
      { path: "deep/".repeat(200), flag: "5", mode: 0o755 },
    ];
    await shop.write("hostile:1", [makeTar(tricks)]);
    const file = await shop.checklist(`
commandTests:
  - {name: no disk, command: test, args: ["!", -e, /disk]}
  - {name: cannot mount, command: python3, args: [-c, "import ctypes; print(ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, b''))"], expectedOutput: ['^-1']}
  - {name: sees no other process, command: python3, args: [-c, "import os; print(len([n for n in os.listdir('/proc') if n.isdigit()]))"], expectedOutput: ['^[1-9]\\n$']}
  - {name: sees no folder of the host, command: test, args: ["!", -e, ${shop.folder}/layout]}`);
    const found = await shop.checked(["--runner", "rootless", "-c", file, shop.image("hostile:1")]);
    expect(await readFile(join(outside, "file"), "utf8")).toBe("mine");
    expect(await readdir(tmpdir())).not.toContain("ddiff-escaped");
    expect(found.reports[0]?.results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  }, 120_000);

  it("a disk that is too small is said before, and nothing stays on it", async () => {
    const small = join(shop.folder, "small");
    await mkdir(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "ddiff-test", small]);
    try {
      const ran = await ddiff(["check", "--runner", "rootless", "--tempdir", small, shop.image("app:1")], {
        env: shop.env,
      });
      expect([ran.status, ran.stderr]).toEqual([
        3,
        expect.stringMatching(/unpacked the image needs .* and .*small/),
      ]);
      expect(await readdir(small)).toEqual([]);
    } finally {
      execFileSync("umount", [small]);
    }
  }, 120_000);

  it("where nothing is to be run, files and settings alone are looked at", async () => {
    const found = await shop.checked(["--runner", "none", shop.image("app:1")]);
    expect(found.status).toBe(0);
    expect(outcomes(found)).toMatchObject({
      "library libraries are found": "passed",
      [`import bad (${python})`]: "skipped",
    });
  });

  it("for an architecture without an emulator that is all that there is, unless a runner was asked for", async () => {
    const found = await shop.checked([shop.image("app:mips")]);
    expect(found.reports[0]).toMatchObject({
      runner: "none",
      platform: "linux/mips64le",
      notes: [expect.stringContaining("no emulator for mips64le")],
    });
    expect(found.status).toBe(0);
    const wanted = await shop.check(["--runner", "rootless", shop.image("app:mips")]);
    expect([wanted.status, wanted.stderr]).toEqual([3, expect.stringContaining("mips64le")]);
  });
});

describe("ddiff check", () => {
  it.each([
    [["check"], /the argument IMAGE is missing|IMAGE/],
    [["check", "--generate", "a", "b"], /--generate takes one image/],
    [["check", "--timeout", "never", "a"], /--timeout takes seconds/],
    [["check", "--runner", "kvm", "a"], /kvm/],
    [["check", "-c", "/nowhere/checks.yaml", "a"], /cannot be read/],
  ])("%j is wrong usage", async (args, sentence) => {
    const { status, stderr } = await ddiff(args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });
});
