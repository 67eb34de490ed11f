import { annotationLine } from "../../report/github.ts";
import { printableLine } from "../../report/text.ts";
import type { BudgetCheck, BudgetReport } from "../budget/judge.ts";
import { brokenText, budgetedName, measureText } from "./budget-overview.ts";

/** Lines that GitHub Actions turns into annotations: at the step of the Dockerfile where it is known, else at the limit's setting. */
export function budgetGithub({ images, notes, config }: BudgetReport): string {
  const broken = images.flatMap((image) =>
    image.checks
      .filter(({ level }) => level !== "ok")
      .map((check) =>
        annotationLine({
          level: check.level === "hard" ? "error" : "warning",
          title: `image size: ${measureText(check)}`,
          message: printableLine(`${budgetedName(image)}: ${brokenText(check)}`),
          ...place(check, config),
        }),
      ),
  );
  const rest = notes.map((note) =>
    annotationLine({ level: "notice", title: "image size", message: printableLine(note) }),
  );
  return [...broken, ...rest].join("\n");
}

function place({ step, line }: BudgetCheck, config: string | undefined): { file?: string; line?: number } {
  if (step?.line !== undefined && step.file !== undefined) return { file: step.file, line: step.line };
  if (config === undefined) return {};
  return { file: config, ...(line === undefined ? {} : { line }) };
}
