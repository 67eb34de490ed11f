import type { Platform } from "../oci/platform.ts";
import { formatPlatform } from "../oci/platform.ts";
import { readRunConfig } from "../oci/run-config.ts";
import type { PlaceContext, Source } from "../places/place.ts";
import type { Analysis, FileReport, HiddenFile, LayerReport, Package, Share } from "./analysis.ts";
import { attributePackages } from "./attribute.ts";
import { type Classifier, classifier, type FolderClasses, folderClasses } from "./classes.ts";
import { findCopies } from "./copies.ts";
import { findWaste } from "./findings.ts";
import { factsOf } from "./image-facts.ts";
import type { ImageView } from "./image-view.ts";
import type { InventoryEntry } from "./inventory.ts";
import { findPrograms } from "./programs.ts";
import { type InspectedImage, inspectImage } from "./read-image.ts";
import { stackLayers } from "./stack.ts";
import { type NamedDockerfile, stepsOf } from "./steps.ts";

/** What to analyze. */
interface AnalyzeRequest {
  source: Source;
  /** This machine's, or the image's only one, when not said. */
  platform?: Platform;
  dockerfile?: NamedDockerfile;
}

/** Reads an image and says where its bytes are. Throws what `inspectImage` throws. */
export async function analyzeImage(request: AnalyzeRequest, context: PlaceContext): Promise<Analysis> {
  return analyze(await inspectImage(request.source, request.platform, context), request.dockerfile);
}

/** Says where the bytes of an image are that was read already. */
export function analyze(inspected: InspectedImage, dockerfile?: NamedDockerfile): Analysis {
  const { image, layers } = inspected;
  const view = stackLayers(layers);
  const facts = factsOf(view, readRunConfig(inspected.config));
  const folders = folderClasses(facts);
  const classOf = classifier(facts, folders);
  const files = describeFiles(view, classOf, folders);
  const copies = findCopies(files);
  const findings = findWaste(view, files, copies, classOf);
  const seen = sumByLayer(files.map(({ placed, bytes }) => ({ layer: placed.layer, bytes })));
  const hiddenFiles = describeHidden(view, files);
  const hidden = sumByLayer(hiddenFiles);
  const steps = stepsOf(image.config.history, layers.length, dockerfile);
  const reports = layers.map(
    ({ diffId, size, entries }, number): LayerReport => ({
      number,
      diffId,
      packed: image.layers[number]?.descriptor.size ?? size,
      tar: size,
      entries: entries.length,
      visible: seen.get(number) ?? 0,
      hidden: hidden.get(number) ?? 0,
      step: steps[number] ?? { text: "" },
    }),
  );
  return {
    image: {
      name: inspected.name,
      platform: formatPlatform(image.platform),
      manifest: image.manifest.digest,
      config: image.configDescriptor.digest,
    },
    sizes: {
      packed: sum(reports, ({ packed }) => packed),
      tar: sum(reports, ({ tar }) => tar),
      visible: sum(reports, ({ visible }) => visible),
      hidden: sum(reports, (report) => report.hidden),
      safe: sum(
        findings.filter(({ risk }) => risk === "safe"),
        ({ bytes }) => bytes,
      ),
    },
    layers: reports,
    findings,
    packages: sharesOf(files, (file) => file.package ?? nobody),
    classes: sharesOf(files, (file) => file.class),
    copies,
    programs: findPrograms(files),
    files,
    hiddenFiles,
  };
}

const nobody: Package = { manager: "none", name: "in no package", version: "", home: "" };

/** Every visible file; of hard links the first, by path, has the bytes. */
function describeFiles(view: ImageView, classOf: Classifier, folders: FolderClasses): FileReport[] {
  const packages = attributePackages(view);
  const counted = new Set<InventoryEntry>();
  const files: FileReport[] = [];
  for (const [path, placed] of view.visible) {
    if (placed.entry.type === "directory") continue;
    const bytes = counted.has(placed.content) ? 0 : placed.content.size;
    counted.add(placed.content);
    const owner = packages.get(path);
    const found = classOf(path, placed, owner);
    const classRoot = found === undefined ? undefined : folders(path.slice(0, path.lastIndexOf("/")))?.root;
    files.push({ path, placed, package: owner, class: found, classRoot, bytes });
  }
  return files;
}

/** Content that no container sees any more, by none of its names. */
function describeHidden(view: ImageView, files: readonly FileReport[]): HiddenFile[] {
  const counted = new Set(files.map(({ placed }) => placed.content));
  return view.hidden.flatMap((hidden) => {
    const { content } = hidden;
    if (counted.has(content)) return [];
    counted.add(content);
    return [{ ...hidden, bytes: content.size }];
  });
}

function sumByLayer(parts: readonly { layer: number; bytes: number }[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { layer, bytes } of parts) sums.set(layer, (sums.get(layer) ?? 0) + bytes);
  return sums;
}

/** Bytes and files of each group, largest first; what `groupOf` gives no group is left out. Groups are told apart by identity. */
function sharesOf<Group extends object>(
  files: readonly FileReport[],
  groupOf: (file: FileReport) => Group | undefined,
): (Group & Share)[] {
  const shares = new Map<Group, Share>();
  for (const file of files) {
    const group = groupOf(file);
    if (group === undefined) continue;
    const share = shares.get(group) ?? { bytes: 0, files: 0 };
    shares.set(group, { bytes: share.bytes + file.bytes, files: share.files + 1 });
  }
  return [...shares]
    .map(([group, share]) => ({ ...group, ...share }))
    .sort((one, other) => other.bytes - one.bytes);
}

function sum<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  return items.reduce((total, item) => total + bytesOf(item), 0);
}
