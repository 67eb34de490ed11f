import { nearest } from "./near.ts";

/** What a GPU is sold for. GeForce and TITAN get no forward compatibility and no exceptions in NVIDIA's newer images. */
type GpuKind = "geforce" | "titan" | "workstation" | "datacentre" | "jetson";

/** A GPU as the catalogue knows it. */
export interface Gpu {
  /** As NVIDIA writes it: `GeForce RTX 4090`. */
  readonly name: string;
  /** Compute capability: `8.9`. */
  readonly capability: string;
  /** The architecture: `Ada`. */
  readonly family: string;
  readonly kind: GpuKind;
  /** GeForce or TITAN: the driver must be new enough by itself. */
  readonly geforce: boolean;
}

interface Row {
  readonly capability: string;
  readonly family: string;
  readonly kind: GpuKind;
  readonly names: readonly string[];
}

/** Source: `nvidia-gpus`. */
const rows = [
  { capability: "12.1", family: "Blackwell", kind: "workstation", names: ["GB10"] },
  {
    capability: "12.0",
    family: "Blackwell",
    kind: "geforce",
    names: [
      "GeForce RTX 5090",
      "GeForce RTX 5080",
      "GeForce RTX 5070 Ti",
      "GeForce RTX 5070",
      "GeForce RTX 5060 Ti",
      "GeForce RTX 5060",
      "GeForce RTX 5050",
    ],
  },
  {
    capability: "12.0",
    family: "Blackwell",
    kind: "workstation",
    names: ["RTX PRO 6000", "RTX PRO 5000", "RTX PRO 4500", "RTX PRO 4000", "RTX PRO 2000"],
  },
  { capability: "11.0", family: "Blackwell", kind: "jetson", names: ["Jetson T5000", "Jetson T4000"] },
  { capability: "10.3", family: "Blackwell", kind: "datacentre", names: ["B300", "GB300"] },
  { capability: "10.0", family: "Blackwell", kind: "datacentre", names: ["B200", "GB200"] },
  {
    capability: "9.0",
    family: "Hopper",
    kind: "datacentre",
    names: ["H100", "H200", "GH200", "H800", "H20"],
  },
  { capability: "8.9", family: "Ada", kind: "datacentre", names: ["L4", "L40", "L40S"] },
  {
    capability: "8.9",
    family: "Ada",
    kind: "workstation",
    names: ["RTX 6000 Ada", "RTX 5000 Ada", "RTX 4500 Ada", "RTX 4000 Ada", "RTX 2000 Ada"],
  },
  {
    capability: "8.9",
    family: "Ada",
    kind: "geforce",
    names: [
      "GeForce RTX 4090",
      "GeForce RTX 4090 D",
      "GeForce RTX 4080 Super",
      "GeForce RTX 4080",
      "GeForce RTX 4070 Ti Super",
      "GeForce RTX 4070 Ti",
      "GeForce RTX 4070 Super",
      "GeForce RTX 4070",
      "GeForce RTX 4060 Ti",
      "GeForce RTX 4060",
      "GeForce RTX 4050",
    ],
  },
  {
    capability: "8.7",
    family: "Ampere",
    kind: "jetson",
    names: ["Jetson AGX Orin", "Jetson Orin NX", "Jetson Orin Nano"],
  },
  { capability: "8.6", family: "Ampere", kind: "datacentre", names: ["A40", "A10", "A10G", "A16", "A2"] },
  {
    capability: "8.6",
    family: "Ampere",
    kind: "workstation",
    names: ["RTX A6000", "RTX A5500", "RTX A5000", "RTX A4500", "RTX A4000", "RTX A3000", "RTX A2000"],
  },
  {
    capability: "8.6",
    family: "Ampere",
    kind: "geforce",
    names: [
      "GeForce RTX 3090 Ti",
      "GeForce RTX 3090",
      "GeForce RTX 3080 Ti",
      "GeForce RTX 3080",
      "GeForce RTX 3070 Ti",
      "GeForce RTX 3070",
      "GeForce RTX 3060 Ti",
      "GeForce RTX 3060",
      "GeForce RTX 3050 Ti",
      "GeForce RTX 3050",
    ],
  },
  { capability: "8.0", family: "Ampere", kind: "datacentre", names: ["A100", "A800", "A30"] },
  { capability: "7.5", family: "Turing", kind: "datacentre", names: ["T4", "T4G"] },
  {
    capability: "7.5",
    family: "Turing",
    kind: "workstation",
    names: [
      "Quadro RTX 8000",
      "Quadro RTX 6000",
      "Quadro RTX 5000",
      "Quadro RTX 4000",
      "Quadro RTX 3000",
      "T1000",
      "T600",
      "T400",
    ],
  },
  {
    capability: "7.5",
    family: "Turing",
    kind: "geforce",
    names: [
      "GeForce RTX 2080 Ti",
      "GeForce RTX 2080 Super",
      "GeForce RTX 2080",
      "GeForce RTX 2070 Super",
      "GeForce RTX 2070",
      "GeForce RTX 2060 Super",
      "GeForce RTX 2060",
      "GeForce GTX 1660 Ti",
      "GeForce GTX 1660 Super",
      "GeForce GTX 1660",
      "GeForce GTX 1650 Ti",
      "GeForce GTX 1650 Super",
      "GeForce GTX 1650",
    ],
  },
  { capability: "7.5", family: "Turing", kind: "titan", names: ["TITAN RTX"] },
  { capability: "7.2", family: "Volta", kind: "jetson", names: ["Jetson AGX Xavier", "Jetson Xavier NX"] },
  { capability: "7.0", family: "Volta", kind: "datacentre", names: ["V100"] },
  { capability: "7.0", family: "Volta", kind: "workstation", names: ["Quadro GV100"] },
  { capability: "7.0", family: "Volta", kind: "titan", names: ["TITAN V"] },
  { capability: "6.2", family: "Pascal", kind: "jetson", names: ["Jetson TX2"] },
  { capability: "6.1", family: "Pascal", kind: "datacentre", names: ["P40", "P4"] },
  {
    capability: "6.1",
    family: "Pascal",
    kind: "workstation",
    names: ["Quadro P6000", "Quadro P5000", "Quadro P4000", "Quadro P2200", "Quadro P2000", "Quadro P1000"],
  },
  { capability: "6.1", family: "Pascal", kind: "titan", names: ["TITAN Xp"] },
  {
    capability: "6.1",
    family: "Pascal",
    kind: "geforce",
    names: [
      "GeForce GTX 1080 Ti",
      "GeForce GTX 1080",
      "GeForce GTX 1070 Ti",
      "GeForce GTX 1070",
      "GeForce GTX 1060",
      "GeForce GTX 1050 Ti",
      "GeForce GTX 1050",
    ],
  },
  { capability: "6.0", family: "Pascal", kind: "datacentre", names: ["P100"] },
  { capability: "6.0", family: "Pascal", kind: "workstation", names: ["Quadro GP100"] },
  { capability: "5.3", family: "Maxwell", kind: "jetson", names: ["Jetson Nano"] },
  { capability: "5.2", family: "Maxwell", kind: "datacentre", names: ["M60", "M40"] },
  {
    capability: "5.2",
    family: "Maxwell",
    kind: "geforce",
    names: ["GeForce GTX 980 Ti", "GeForce GTX 980", "GeForce GTX 970", "GeForce GTX 960", "GeForce GTX 950"],
  },
  { capability: "5.0", family: "Maxwell", kind: "geforce", names: ["GeForce GTX 750 Ti", "GeForce GTX 750"] },
  { capability: "3.7", family: "Kepler", kind: "datacentre", names: ["K80"] },
  { capability: "3.5", family: "Kepler", kind: "datacentre", names: ["K40", "K20"] },
] as const satisfies readonly Row[];

/** Other words for the same: boards, systems and instances' names. Keys are written as `plain` leaves them. */
const otherNames: Readonly<Record<string, string>> = {
  dgxspark: "GB10",
  thor: "Jetson T5000",
  jetsonthor: "Jetson T5000",
  agxthor: "Jetson T5000",
  orin: "Jetson AGX Orin",
  jetsonorin: "Jetson AGX Orin",
  agxorin: "Jetson AGX Orin",
  orinnx: "Jetson Orin NX",
  orinnano: "Jetson Orin Nano",
  xavier: "Jetson AGX Xavier",
  jetsonxavier: "Jetson AGX Xavier",
  agxxavier: "Jetson AGX Xavier",
  xaviernx: "Jetson Xavier NX",
  a6000: "RTX A6000",
  a5500: "RTX A5500",
  a5000: "RTX A5000",
  a4500: "RTX A4500",
  a4000: "RTX A4000",
  a2000: "RTX A2000",
  "6000ada": "RTX 6000 Ada",
  pro6000: "RTX PRO 6000",
  rtxpro6000blackwell: "RTX PRO 6000",
  titanxp: "TITAN Xp",
  titanv: "TITAN V",
};

/** Every GPU of the catalogue, newest family first. */
export const gpus: readonly Gpu[] = rows.flatMap((row) =>
  row.names.map((name) => ({
    name,
    capability: row.capability,
    family: row.family,
    kind: row.kind,
    geforce: row.kind === "geforce" || row.kind === "titan",
  })),
);

const byPlainName: ReadonlyMap<string, Gpu> = new Map(
  gpus.flatMap((gpu) => spellings(gpu.name).map((name) => [name, gpu] as const)),
);

/**
 * The GPU that a person means: `rtx4090`, `RTX 4090`, `4090`, `a100-80gb`, `Tesla V100-SXM2-32GB`, `jetson orin`. A bare
 * compute capability (`8.9`, `sm_89`) gives a nameless one, not GeForce. Undefined when none fits; see `nearGpuNames`.
 */
export function findGpu(text: string): Gpu | undefined {
  const capability = readCapability(text.trim().toLowerCase());
  if (capability !== undefined) {
    return {
      name: `a GPU of compute capability ${capability}`,
      capability,
      family: gpus.find((gpu) => gpu.capability === capability)?.family ?? "unknown",
      kind: "datacentre",
      geforce: false,
    };
  }
  const name = plain(text);
  const other = otherNames[name];
  return byPlainName.get(other === undefined ? name : plain(other));
}

/** Up to three names of the catalogue that `text` may be a slip of, nearest first. */
export function nearGpuNames(text: string): string[] {
  const found = nearest(plain(text), [...byPlainName.keys()], 8);
  return [...new Set(found.map((name) => byPlainName.get(name)?.name ?? ""))].slice(0, 3);
}

/** `8.9`, `sm_89`, `sm89` or `compute_120` as `8.9` and `12.0`. */
function readCapability(text: string): string | undefined {
  const dotted = /^(?:cc|sm_?|compute_?)?(\d{1,2})\.(\d)[af]?$/.exec(text);
  if (dotted !== null) return `${dotted[1]}.${dotted[2]}`;
  const joined = /^(?:sm|compute)_?(\d{1,2})(\d)[af]?$/.exec(text);
  return joined === null ? undefined : `${joined[1]}.${joined[2]}`;
}

/** A name without what people leave out or add: makers, form factors, memory sizes, blanks and dashes. */
function plain(text: string): string {
  return text
    .slice(0, 100)
    .toLowerCase()
    .replace(/\b(?:nvidia|tesla|sxm\d?|pcie|nvl|hgx|laptop|mobile|max-?q|gpu|\d+ ?gb?)\b/g, " ")
    .replace(/[^a-z0-9]/g, "")
    .replace(/^(?:nvidia|tesla)/, "");
}

/** What is looked up for a name: with and without GeForce, RTX and GTX, where that stays unique. */
function spellings(name: string): string[] {
  const whole = plain(name);
  const bare = whole.replace(/^geforce/, "");
  return whole === bare ? [whole] : [whole, bare, bare.replace(/^[rg]tx/, "")];
}
