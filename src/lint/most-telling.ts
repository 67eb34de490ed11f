import { byPlace, type Finding, levels } from "./finding.ts";

/** Findings of a file that the default profile reports: beyond these, nobody reads them. */
export const mostOfFile = 10;

/**
 * The findings of one file that tell most, in the order of their places: the worst first, of equal ones those whose rule has not spoken
 * yet, then those that waste most.
 */
export function mostTelling(findings: readonly Finding[], most: number): readonly Finding[] {
  if (findings.length <= most) return findings;
  const spoken = new Map<string, number>();
  const ranked = findings.map((finding) => {
    const before = spoken.get(finding.rule.name) ?? 0;
    spoken.set(finding.rule.name, before + 1);
    return { finding, before };
  });
  ranked.sort(
    (a, b) =>
      levels.indexOf(a.finding.severity) - levels.indexOf(b.finding.severity) ||
      a.before - b.before ||
      (b.finding.waste ?? 0) - (a.finding.waste ?? 0) ||
      byPlace(a.finding, b.finding),
  );
  return ranked
    .slice(0, most)
    .map((one) => one.finding)
    .sort(byPlace);
}
