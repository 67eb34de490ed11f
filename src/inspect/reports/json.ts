import type { Analysis, WasteFinding } from "../analysis.ts";
import type { AnalysisJson } from "./json-schema.ts";
import { savingsOf } from "./overview.ts";

/** Paths of a finding; its numbers are about all. */
const mostPaths = 10;

/** An analysis for scripts, as json-schema.ts describes it. */
export function jsonReport(analysis: Analysis): AnalysisJson {
  const { image, sizes, layers, findings, packages, classes, copies, programs } = analysis;
  return {
    version: 1,
    image,
    sizes: { ...sizes, ...savingsOf(findings) },
    layers,
    findings: findings.map(jsonFinding),
    packages,
    classes: classes.map(({ name, title, risk, why, edit, bytes, files }) => ({
      name,
      title,
      risk,
      why,
      edit,
      bytes,
      files,
    })),
    copies: copies.map((one) => ({
      name: one.name,
      copies: one.copies.map(({ package: owner, ...rest }) => ({
        ...rest,
        ...(owner === undefined ? {} : { package: owner }),
      })),
    })),
    programs,
  };
}

function jsonFinding({ entries, ...rest }: WasteFinding): AnalysisJson["findings"][number] {
  const largest = entries
    .map(({ entry, content }) => ({ path: entry.path, bytes: content.size }))
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, mostPaths);
  return { ...rest, largest };
}
