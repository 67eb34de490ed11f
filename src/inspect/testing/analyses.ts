import { type Digest, digestOf } from "../../oci/digest.ts";
import type {
  Analysis,
  FileClass,
  FileReport,
  HiddenFile,
  Package,
  Share,
  WasteFinding,
} from "../analysis.ts";
import type { Hidden, Placed } from "../image-view.ts";
import type { InventoryEntry } from "../inventory.ts";

/** A visible file of a made-up analysis. */
interface FileSpec {
  path: string;
  bytes: number;
  layer: number;
  package?: Package;
  class?: FileClass;
}

/** A file that a later layer hides. */
interface HiddenSpec {
  path: string;
  bytes: number;
  layer: number;
  by: number;
  how: Hidden["how"];
}

/** What an analysis is made up of; everything else in it is counted. */
interface AnalysisSpec {
  name?: string;
  steps: { text: string; line?: number }[];
  files: readonly FileSpec[];
  hidden?: readonly HiddenSpec[];
  copies?: Analysis["copies"];
  programs?: Analysis["programs"];
}

const nobody: Package = { manager: "none", name: "in no package", version: "", home: "" };
const kinds = { removed: "removed-later", overwritten: "overwritten", copied: "copied" } as const;

/** An analysis of these files whose numbers add up. */
export function analysisOf(spec: AnalysisSpec): Analysis {
  const hidden = spec.hidden ?? [];
  const files = spec.files.map(
    (file): FileReport => ({
      path: file.path,
      placed: placed(file),
      package: file.package,
      class: file.class,
      bytes: file.bytes,
    }),
  );
  const hiddenFiles = hidden.map((file) => ({
    ...placed(file),
    by: file.by,
    how: file.how,
    bytes: file.bytes,
  }));
  const findings = [...hiddenFindings(hiddenFiles), ...classFindings(files)].sort(
    (a, b) => b.bytes - a.bytes,
  );
  const visible = sum(spec.files);
  const layers = spec.steps.map(({ text, line }, number): Analysis["layers"][number] => {
    const own = spec.files.filter((file) => file.layer === number);
    const gone = hidden.filter((file) => file.layer === number);
    return {
      number,
      diffId: digest(`layer ${number}`),
      packed: Math.round((sum(own) + sum(gone)) * 0.45),
      tar: sum(own) + sum(gone) + 1024 * (own.length + gone.length),
      entries: own.length + gone.length,
      visible: sum(own),
      hidden: sum(gone),
      step: { text, ...(line === undefined ? {} : { line, file: "Dockerfile" }) },
    };
  });
  return {
    image: {
      name: spec.name ?? "train:latest",
      platform: "linux/amd64",
      manifest: digest("manifest"),
      config: digest("config"),
    },
    sizes: {
      packed: layers.reduce((all, one) => all + one.packed, 0),
      tar: layers.reduce((all, one) => all + one.tar, 0),
      visible,
      hidden: sum(hidden),
      safe: sum(findings.filter((one) => one.risk === "safe")),
    },
    layers,
    findings,
    packages: shares(files, (file) => file.package ?? nobody),
    classes: shares(files, (file) => file.class),
    copies: spec.copies ?? [],
    programs: spec.programs ?? [],
    files,
    hiddenFiles,
  };
}

function hiddenFindings(hidden: readonly HiddenFile[]): WasteFinding[] {
  const groups = Map.groupBy(hidden, ({ layer, by, how }) => `${layer} ${by} ${how}`);
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    const { layer, by, how } = first;
    const group = [first, ...more];
    return {
      kind: kinds[how],
      name: "",
      title: `${how} in layer ${by}`,
      layer,
      by,
      bytes: sum(group),
      files: group.length,
      risk: "safe",
      why: "No container can see it.",
      edit: "Do both in one RUN.",
      entries: group,
    };
  });
}

function classFindings(files: readonly FileReport[]): WasteFinding[] {
  const groups = Map.groupBy(files, (file) => `${file.placed.layer} ${file.class?.name}`);
  return [...groups.values()].flatMap((group) => {
    const found = group[0]?.class;
    if (found === undefined) return [];
    const { name, title, risk, why, edit } = found;
    return {
      kind: "class" as const,
      name,
      title,
      layer: group[0]?.placed.layer ?? 0,
      bytes: sum(group),
      files: group.length,
      risk,
      why,
      edit,
      entries: group.map((file) => file.placed),
    };
  });
}

function shares<Of>(files: readonly FileReport[], of: (file: FileReport) => Of | undefined): (Of & Share)[] {
  const groups = Map.groupBy(files, (file) => JSON.stringify(of(file)));
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      const owner = first === undefined ? undefined : of(first);
      return owner === undefined ? [] : { ...owner, bytes: sum(group), files: group.length };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

function placed({ path, bytes, layer }: { path: string; bytes: number; layer: number }): Placed {
  const entry: InventoryEntry = {
    path,
    type: "file",
    size: bytes,
    tarSize: bytes + 1024,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 1_700_000_000,
    linkPath: "",
    hash: digest(`${path} ${layer}`).slice(7, 39),
    xattrs: "",
  };
  return { layer, entry, content: entry };
}

function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

function sum(files: readonly { bytes: number }[]): number {
  return files.reduce((all, one) => all + one.bytes, 0);
}
