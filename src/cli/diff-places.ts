import type { DiffedTarget, DiffReport, DiffRequest } from "../delta/diff.ts";
import type { HaveList } from "../delta/have.ts";
import type { HeldImage, Place, Source } from "../places/place.ts";
import { formatBytes } from "../util/bytes.ts";
import type { Outcome } from "./command.ts";
import { bundleFileName, imageNameOf } from "./names.ts";

/** A diff as commands ask for it: of places, not of open sources. */
type PlacesRequest = Omit<DiffRequest, "bases" | "targets" | "have" | "out"> & {
  bases: readonly Place[];
  targets: readonly Place[];
  /** The list of what the other side has, and how to find the images here that may share layers with it. */
  have: { list: HaveList; local: () => Promise<HeldImage[]> } | undefined;
  /** A path, `-` for standard output, or undefined for a file named after the first target. */
  out: string | undefined;
};

/** Writes the bundle and says what came of it. All sources are closed, however it ends. Throws what `diffImages` throws. */
export async function diffPlaces(request: PlacesRequest): Promise<Outcome> {
  const { bases, targets, have, out, ...rest } = request;
  const { diffImages } = await import("../delta/diff.ts");
  const opened: Source[] = [];
  const openAll = async (places: readonly Place[]): Promise<Source[]> => {
    const sources: Source[] = [];
    for (const place of places) {
      const source = await place.source();
      opened.push(source);
      sources.push(source);
    }
    return sources;
  };
  try {
    const targetSources = await openAll(targets);
    const baseSources = await openAll(bases);
    const [first] = targetSources;
    const report = await diffImages({
      ...rest,
      bases: baseSources,
      targets: targetSources,
      out: out ?? bundleFileName(first === undefined ? "" : imageNameOf(first)),
      ...(have === undefined ? {} : { have: { list: have.list, local: await have.local() } }),
    });
    return diffOutcome(report, request.exact === "never");
  } finally {
    for (const source of opened) await source.close();
  }
}

/** The result of a diff: what was carried, and how much that saved. */
function diffOutcome(report: DiffReport, neverExact: boolean): Outcome {
  const layers = report.layersSent === 1 ? "1 layer" : `${report.layersSent} layers`;
  return {
    json: report,
    summary: [
      ...(neverExact ? [] : report.targets.flatMap(inexact)),
      `${layers} carried, ${report.layersKept} already there`,
      `${fileList(report.files)}: ${formatBytes(report.bundleBytes)}${saving(report)}`,
    ],
  };
}

/** What nobody can see in the bundle: that a signature over the image's digest will not fit what is made of it. */
function inexact({ name, digest, changedLayers: { length } }: DiffedTarget): string[] {
  if (length === 0) return [];
  const layers = length === 1 ? "a layer of it was" : `${length} of its layers were`;
  return [
    `${name ?? digest} will have another digest in a registry, for ${layers} packed in a way that cannot be repeated; --exact=always carries what is packed`,
  ];
}

/** Against what a registry would send. Where that is next to nothing (a new label), only how large the image is says something. */
function saving({ bundleBytes, missingBytes, imageBytes }: DiffReport): string {
  if (bundleBytes < missingBytes) return ` instead of ${formatBytes(missingBytes)}`;
  return ` for an image of ${formatBytes(imageBytes)}`;
}

function fileList(files: readonly string[]): string {
  const [first = "", ...rest] = files;
  if (first === "-") return "bundle";
  return rest.length === 0 ? first : `${first} … ${rest.at(-1)}`;
}
