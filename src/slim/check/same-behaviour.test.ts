import { expect, test } from "vitest";
import type { TarSpec } from "../../delta/testing/tars.ts";
import { file, symlink } from "../../inspect/testing/layers.ts";
import { inspectImage } from "../../inspect/read-image.ts";
import { contextIn, newFolder } from "../../places/testing/folders.ts";
import { compareBehaviour, type ReadFrom, recordBehaviour, refuseLost } from "./same-behaviour.ts";
import { elfFile } from "./testing/elf-file.ts";
import { testImage } from "./testing/images.ts";

const machine = process.arch === "arm64" ? 183 : 62;
const lib: TarSpec = { path: "usr/lib/libthere.so", bytes: elfFile({ soname: "libthere.so", machine }) };
const program: TarSpec = {
  path: "usr/bin/tool",
  bytes: elfFile({ needed: ["libthere.so"], machine }),
  mode: 0o755,
};
const options = { runner: "none", seconds: 10 } as const;

async function compare(before: readonly TarSpec[], after: readonly TarSpec[]) {
  const folder = await newFolder();
  const context = contextIn(folder, [], { XDG_CACHE_HOME: folder });
  const read = async (members: readonly TarSpec[]): Promise<ReadFrom> => {
    const { source } = await testImage([members]);
    return { inspected: await inspectImage(source, undefined, context), source };
  };
  const behaviour = await recordBehaviour(await read(before), options, context, undefined);
  return compareBehaviour(behaviour, await read(after), options, context);
}

test("an image that lost nothing it had is let through, whatever was wrong before", async () => {
  const wrong = [symlink("opt/dangling", "/gone"), file("opt/notes", "x")];
  const { comparison, report } = await compare([lib, program, ...wrong], [lib, program]);
  expect(comparison.lost).toEqual([]);
  expect(report.runner).toBe("none");
  expect(() => refuseLost(comparison)).not.toThrow();
});

test("one that lost a library is refused, with what needs it", async () => {
  const { comparison } = await compare([lib, program], [program]);
  expect(() => refuseLost(comparison)).toThrow(
    expect.objectContaining({
      code: "BEHAVIOUR_LOST",
      exitStatus: 1,
      message:
        "library: libraries are found worked before and does not any more: /usr/bin/tool needs libthere.so, which is not there",
    }),
  );
});
