import type { Log, ReportingDescriptor, Result } from "sarif";
import { fileUri, sarifLog } from "../../report/sarif.ts";
import { printableLine } from "../../report/text.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Analysis, Step, WasteFinding } from "../analysis.ts";
import { stepToEdit } from "./overview.ts";

const levels = { safe: "warning", check: "note", risky: "note" } as const;

/**
 * The findings as SARIF 2.1.0 (OASIS) at the lines of the Dockerfile, for code scanning. GitHub refuses a whole file for one result without
 * a physical location, so a finding whose line is not known is at the first one, and says its layer.
 */
export function sarifReport(analysis: Analysis, version: string): Log {
  const rules = new Map<string, { rule: ReportingDescriptor; index: number }>();
  for (const finding of analysis.findings) {
    const id = ruleId(finding);
    if (!rules.has(id)) rules.set(id, { rule: descriptor(id, finding), index: rules.size });
  }
  return sarifLog(
    version,
    [...rules.values()].map(({ rule }) => rule),
    analysis.findings.map((one) => sarifResult(one, analysis, rules.get(ruleId(one))?.index ?? 0)),
  );
}

/** `image-removed-later`, `image-class-apt-lists`. */
function ruleId({ kind, name }: WasteFinding): string {
  return kind === "class" ? `image-class-${name}` : `image-${kind}`;
}

const meanings: Record<WasteFinding["kind"], string> = {
  "removed-later": "Files that a later layer removes still travel.",
  overwritten: "Files that a later layer overwrites travel twice.",
  copied: "Files whose owner, mode or times a later layer changes travel twice.",
  duplicate: "The same content stands in the image several times.",
  class: "Files that the image does not need.",
  "second-copy": "A library stands in the image several times.",
  "second-environment": "An environment stands in the image a second time.",
};

function descriptor(id: string, finding: WasteFinding): ReportingDescriptor {
  const meaning = finding.kind === "class" ? `Files that may go: ${finding.title}.` : meanings[finding.kind];
  return {
    id,
    shortDescription: { text: meaning },
    fullDescription: { text: `${meaning} ${finding.why}` },
    help: { text: `${meaning}\n\n${finding.why} See docs/analyze.md.` },
    defaultConfiguration: { level: levels[finding.risk] },
    properties: { tags: ["size", finding.risk] },
  };
}

function sarifResult(finding: WasteFinding, analysis: Analysis, ruleIndex: number): Result {
  const step = stepToEdit(analysis, finding);
  const { image } = analysis;
  const { uri, line } = placeOf(step, analysis);
  const where = step?.line === undefined ? ` In layer ${finding.layer}.` : "";
  const what = `${printableLine(finding.title)}: ${formatBytes(finding.bytes)} in ${plural(finding.files, "file")} could go.`;
  return {
    ruleId: ruleId(finding),
    ruleIndex,
    level: levels[finding.risk],
    message: { text: `${what}${where} ${finding.why} Instead: ${finding.edit}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine: line } },
        logicalLocations: [
          {
            name: `layer ${finding.layer}`,
            fullyQualifiedName: `${printableLine(image.name)} ${image.platform} layer ${finding.layer}`,
            kind: "module",
          },
        ],
      },
    ],
    // Sizes change from build to build; what it is and which step makes it stay.
    partialFingerprints: {
      "ddiff/v1": `${finding.kind} ${finding.name} ${step?.text ?? finding.layer}`.toWellFormed(),
    },
    properties: { wasteBytes: finding.bytes, risk: finding.risk },
  };
}

/** The line of a step; without one the first of the Dockerfile, or of a file that is called as the image is. */
function placeOf(step: Step | undefined, { image, layers }: Analysis): { uri: string; line: number } {
  if (step?.line !== undefined) return { uri: fileUri(step.file ?? "Dockerfile"), line: step.line };
  const file = layers.find((one) => one.step.file !== undefined)?.step.file;
  // A colon, as before a tag, would make the name a URL of another scheme.
  return { uri: fileUri(file ?? image.name.replaceAll(/[^\w./-]/g, "_")), line: 1 };
}
