import { realpathSync } from "node:fs";
import { createTwoFilesPatch } from "diff";
import { DdiffError } from "../util/errors.ts";
import type { Finding } from "./finding.ts";
import { fixText } from "./fix.ts";
import type { LintedFile } from "./lint.ts";
import { replaceFile } from "./replace-file.ts";
import { plural } from "../report/words.ts";

/** A file that fixes change. */
export interface FixedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly applied: readonly Finding[];
  /** Findings that are left. */
  readonly left: number;
}

/**
 * Mends files; with `write`, also on the disk: whole or not at all, with their mode, and where a symbolic link leads. Files without anything to
 * mend are not touched and not handed back. Throws `FILE_CHANGED` for a file that somebody else wrote meanwhile, `NOT_UTF8`.
 */
export async function fixFiles(
  files: readonly LintedFile[],
  options: { unsafe: boolean; write: boolean },
): Promise<FixedFile[]> {
  const fixed: FixedFile[] = [];
  for (const file of files) {
    if (file.recheck === undefined || !file.findings.some((one) => one.fix !== undefined)) continue;
    const { text, applied, checked } = fixText(file.text, file.recheck, options.unsafe);
    if (text === file.text) continue;
    const bytes = encodeLike(file, text);
    if (options.write) await replaceFile(realpathSync(file.absolute), file.bytes, bytes);
    fixed.push({ path: file.path, before: file.text, after: text, applied, left: checked.findings.length });
  }
  return fixed;
}

/** A new text of a file as bytes, with the mark of byte order where the file has one. */
function encodeLike(file: LintedFile, text: string): Buffer {
  const mark = file.bytes[0] === 0xef && file.bytes[1] === 0xbb && file.bytes[2] === 0xbf ? "\uFEFF" : "";
  // Bytes that are no UTF-8 would come back as other ones.
  if (!Buffer.from(mark + file.text).equals(file.bytes)) {
    throw new DdiffError("NOT_UTF8", `${file.path} is not UTF-8 and cannot be mended`, {
      hint: "Save it as UTF-8 first.",
    });
  }
  return Buffer.from(mark + text);
}

/** What a fix changes, as a patch that `git apply` takes. */
export function patchOf(file: FixedFile): string {
  const path = file.path.replaceAll("\\", "/").replace(/^\/+/, "");
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, file.before, file.after, undefined, undefined, {
    context: 3,
  });
  return patch.replace(/^=+\n/, "").trimEnd();
}

/** "12 findings in 3 files mended" */
export function fixedLine(fixed: readonly FixedFile[], written: boolean): string {
  const count = fixed.reduce((sum, one) => sum + one.applied.length, 0);
  if (count === 0) return "nothing to mend";
  const verb = written ? "mended" : "can be mended";
  return `${plural(count, "finding")} in ${plural(fixed.length, "file")} ${verb}`;
}
