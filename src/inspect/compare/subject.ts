import type { Digest } from "../../oci/digest.ts";
import { analyze } from "../analyze.ts";
import type { InspectedImage } from "../read-image.ts";
import { jsonReport } from "../reports/json.ts";
import type { NamedDockerfile } from "../steps.ts";
import type { AnalysisJson } from "../reports/json-schema.ts";
import { readAnalysisReport } from "../reports/read-json.ts";

/** A content of a layer, by its name and size; `packed` is what it takes in the packed layer, about. */
interface Content {
  size: number;
  packed: number;
}

/** The contents of one layer, each once. */
interface LayerContents {
  diffId: Digest;
  entries: number;
  contents: ReadonlyMap<string, Content>;
}

/** An image that is compared: read in its place, or known by the report of an earlier analysis. */
export interface Subject {
  /** As it was named. */
  label: string;
  report: AnalysisJson;
  /** Bottom first; undefined where only a report is there. */
  layers: readonly LayerContents[] | undefined;
}

/** What gzip and zstd leave of a layer in a machine-learning image, about; for places that keep layers unpacked. */
const usualRatio = 0.4;

/** An image that was read, with the Dockerfile that it was built with where that is known. */
export function subjectOf(label: string, inspected: InspectedImage, dockerfile?: NamedDockerfile): Subject {
  const report = jsonReport(analyze(inspected, dockerfile));
  const unpacked = isUnpacked(report);
  const layers = inspected.layers.map(({ diffId, size, entries }, number): LayerContents => {
    const packed = inspected.image.layers[number]?.descriptor.size ?? size;
    const ratio = unpacked ? usualRatio : packed / Math.max(1, size);
    const contents = new Map<string, Content>();
    for (const entry of entries)
      if (entry.size > 0)
        contents.set(`${entry.hash} ${entry.size}`, { size: entry.size, packed: entry.size * ratio });
    return { diffId, entries: entries.length, contents };
  });
  return { label, report, layers };
}

/** An image by the file of `ddiff analyze --json`. Throws `REPORT_INVALID`. */
export async function subjectOfReport(file: string): Promise<Subject> {
  return { label: file, report: await readAnalysisReport(file), layers: undefined };
}

/** Whether the place keeps the layers as tars, so that nothing is known of their size in a registry. */
export function isUnpacked({ layers }: Pick<AnalysisJson, "layers">): boolean {
  return layers.every(({ packed, tar }) => packed >= tar);
}
