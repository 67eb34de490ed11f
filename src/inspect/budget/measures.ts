import { isUnpacked } from "../compare/subject.ts";
import type { AnalysisJson } from "../reports/json-schema.ts";

/** A step of the Dockerfile, as reports have it. */
export type ReportedStep = AnalysisJson["layers"][number]["step"];

/** What a budget limits, in bytes. */
export interface Measures {
  /** Undefined where the place keeps layers unpacked. */
  compressed?: number | undefined;
  uncompressed: number;
  files: number;
  waste: number;
  /** The largest layer as a tar. */
  layer: number;
  classes: Readonly<Record<string, number>>;
}

/** The measures of an image by its analysis. */
export function measuresOf(report: AnalysisJson): Measures {
  const { sizes, layers } = report;
  return {
    ...(isUnpacked(report) ? {} : { compressed: sizes.packed }),
    uncompressed: sizes.tar,
    files: sizes.visible + sizes.hidden,
    waste: sizes.safe,
    layer: Math.max(0, ...layers.map(({ tar }) => tar)),
    classes: Object.fromEntries(report.classes.map(({ name, bytes }) => [name, bytes])),
  };
}

/** One measure by the name that rules have for it; a class that is not there is 0. Undefined where it is not known. */
export function measureOf(measures: Measures, name: string): number | undefined {
  if (name.startsWith("class ")) {
    const kind = name.slice("class ".length);
    return Object.hasOwn(measures.classes, kind) ? measures.classes[kind] : 0;
  }
  return measures[name as Exclude<keyof Measures, "classes">];
}

/** The step of the Dockerfile that has most to do with a measure, where one has. */
export function stepBehind({ layers, findings }: AnalysisJson, name: string): ReportedStep | undefined {
  if (name === "layer") return layers.toSorted((one, other) => other.tar - one.tar)[0]?.step;
  const finding = findings.find(({ kind, name: of, risk }) =>
    name === "waste" ? risk === "safe" : kind === "class" && name === `class ${of}`,
  );
  return finding === undefined ? undefined : layers[finding.layer]?.step;
}
