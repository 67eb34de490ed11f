import { readFile } from "node:fs/promises";
import type { ExactMode } from "../delta/exact.ts";
import type { HaveList } from "../delta/have.ts";
import { DdiffError, messageOf } from "../util/errors.ts";
import { parseSize } from "../util/parse-size.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";
import { usageError } from "./usage.ts";

/** Options of every command that writes a bundle. */
export const bundleOptions = {
  have: {
    value: "FILE",
    complete: "file",
    help: 'leave out every layer in this list, which "ddiff have" wrote on the machine that will load the bundle',
  },
  split: {
    value: "SIZE",
    help: "write parts of at most this size, as FILE.001, FILE.002; 4GB fits FAT32 sticks",
  },
  "whole-layers": {
    help: "carry missing layers as the registry stores them: larger, but digests in a registry stay the same",
  },
  exact: {
    value: "WHEN",
    choices: ["auto", "always", "never"],
    help: "keep the digests of compressed layers: auto (when not said) where that costs a thousandth of the image at most, always, or never, which takes less time",
  },
  "require-exact": {
    help: "fail where an image in a registry or an OCI layout would get another digest than it has here",
  },
  fast: { help: "spend less time, accept a larger bundle" },
  "max-effort": { help: "spend more time for a smaller bundle" },
} as const satisfies OptionSpecs;

type BundleValues = OptionValues<typeof bundleOptions>;

/** The part of a diff's request that these options decide. Throws `USAGE`, `SIZE_INVALID`. */
export function readBundleOptions(
  options: BundleValues,
  command: string,
  out: string,
): {
  effort: "fast" | "default" | "max";
  wholeLayers: boolean;
  exact: ExactMode;
  requireExact: boolean;
  splitBytes?: number;
} {
  if (options.fast && options["max-effort"]) {
    throw usageError("--fast and --max-effort exclude each other", command);
  }
  const effort = options.fast ? "fast" : options["max-effort"] ? "max" : "default";
  const exact = (options.exact ?? "auto") as ExactMode;
  const requireExact = options["require-exact"];
  if (exact === "never" && requireExact) {
    throw usageError("--exact=never and --require-exact exclude each other", command);
  }
  const common = { effort, wholeLayers: options["whole-layers"], exact, requireExact } as const;
  if (options.split === undefined) return common;
  if (out === "-") throw usageError("standard output cannot be split: --split needs a file", command);
  return { ...common, splitBytes: parseSize(options.split, "--split") };
}

/** The list that `--have` names. Throws `HAVE_INVALID`, `HAVE_MISSING`. */
export async function readHave(path: string): Promise<HaveList> {
  const { parseHave } = await import("../delta/have.ts");
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DdiffError("HAVE_MISSING", `${path} cannot be read: ${messageOf(cause)}`, {
      hint: 'Make the list where the bundle will be loaded: "ddiff have > have.json".',
      cause,
    });
  }
  return parseHave(bytes, path);
}
