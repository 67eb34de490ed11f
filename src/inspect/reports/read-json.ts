import { readFile } from "node:fs/promises";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { type AnalysisJson, analysisSchema } from "./json-schema.ts";

/** Whether a name is that of a kept report, and not of an image. */
export function isReportName(name: string): boolean {
  return name.endsWith(".json");
}

/** A report that `ddiff analyze --json` wrote. Throws `REPORT_INVALID` (exit status 2). */
export async function readAnalysisReport(file: string): Promise<AnalysisJson> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw invalid(file, messageOf(cause), cause);
  }
  const checked = analysisSchema.safeParse(parsed);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw invalid(file, `${issue?.path.join(".")}: ${issue?.message}`, checked.error);
}

function invalid(file: string, why: string, cause: unknown): DdiffError {
  return new DdiffError("REPORT_INVALID", `${file} is no report of ddiff analyze: ${why}`, {
    hint: `Make it anew: "ddiff analyze --json IMAGE > ${file}".`,
    exitStatus: 2,
    cause,
  });
}
