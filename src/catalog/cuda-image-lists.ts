/** Which `nvidia/cuda` tags of one version there are. Each OS has base, runtime and devel. */
export interface TagRow {
  /** With the point release: `12.4.1`. */
  readonly cuda: string;
  /** How this version writes cuDNN in its tags; empty when it has no such tags. */
  readonly cudnn: "" | "cudnn" | "cudnn8" | "cudnn9";
  /** OSes that also have runtime and devel with cuDNN. */
  readonly withCudnn: readonly string[];
  /** OSes without. */
  readonly without: readonly string[];
}

const el89 = ["rockylinux8", "rockylinux9", "ubi8", "ubi9"] as const;
const oracle = ["oraclelinux8", "oraclelinux9"] as const;
const el78 = ["centos7", "rockylinux8", "ubi7", "ubi8"] as const;
const el789 = ["centos7", "ubi7", ...el89] as const;
const el10 = ["rockylinux10", "ubi10"] as const;
const u2022 = ["ubuntu20.04", "ubuntu22.04"] as const;
const u2224 = ["ubuntu22.04", "ubuntu24.04"] as const;
const u202224 = [...u2022, "ubuntu24.04"] as const;
const u1820 = ["ubuntu18.04", "ubuntu20.04"] as const;
const u182022 = ["ubuntu18.04", ...u2022] as const;
const u161820 = ["ubuntu16.04", ...u1820] as const;

/** NVIDIA's list of supported tags: 721 of them. Source: `nvidia-images`. */
export const supported = [
  row("13.1.0", "", [], ["amzn2023", "azl3", ...oracle, ...el10, ...el89, ...u2224]),
  row("13.0.2", "cudnn", [...oracle, ...el89, ...u2224], ["amzn2023", "azl3"]),
  row("12.9.1", "cudnn", [...oracle, ...el89, ...u202224], ["amzn2023", "azl3", "cm2"]),
  row("12.8.1", "cudnn", [...oracle, ...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.6.3", "cudnn", [...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.5.1", "cudnn", [...el89, ...u2022], ["ubuntu24.04"]),
  row("12.4.1", "cudnn", [...el89, ...u2022]),
  row("12.3.2", "cudnn9", [...el789, ...u2022]),
  row("12.2.2", "cudnn8", [...el789, ...u2022]),
  row("12.1.1", "cudnn8", [...el789, ...u2022]),
  row("12.0.1", "cudnn8", [...el789, ...u182022]),
  row("11.8.0", "cudnn8", [...el78, ...u182022]),
  row("11.7.1", "cudnn8", [...el78, ...u182022]),
  row("11.6.2", "cudnn8", [...el78, ...u1820]),
  row("11.5.2", "cudnn8", [...el78, ...u1820]),
  row("11.4.3", "cudnn8", [...el78, ...u1820]),
  row("11.2.2", "cudnn8", [...el78, ...u161820]),
  row("11.1.1", "cudnn8", [...el78, ...u161820]),
  row("11.0.3", "cudnn8", [...el78, ...u161820]),
] as const satisfies readonly TagRow[];

/**
 * NVIDIA's list of unsupported tags: 701, two of them with TensorRT that are left out here. 11.2.2, 11.1.1 and 11.0.3 stand
 * on both lists. Source: `nvidia-images`.
 */
export const unsupported = [
  row("13.0.1", "cudnn", [...oracle, ...el10, ...el89, ...u2224], ["amzn2023", "azl3", "cm2"]),
  row("13.0.0", "cudnn", [...oracle, ...el89, ...u2224], ["amzn2023", "azl3", "cm2", ...el10]),
  row("12.9.0", "cudnn", [...oracle, ...el89, ...u202224], ["amzn2023", "azl3", "cm2"]),
  row("12.8.0", "cudnn", [...oracle, ...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.6.2", "cudnn", [...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.6.1", "cudnn", [...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.6.0", "cudnn", [...el89, ...u202224], ["amzn2023", "cm2"]),
  row("12.5.0", "", [], [...el89, ...u2022]),
  row("12.4.0", "", [], [...el789, ...u2022]),
  row("12.3.1", "", [], [...el789, ...u2022]),
  row("12.3.0", "", [], [...el789, ...u2022]),
  row("12.2.0", "", [], [...el789, ...u2022]),
  row("12.1.0", "cudnn8", [...el789, ...u2022], ["ubuntu18.04"]),
  row("12.0.0", "cudnn8", [...el78, ...u182022]),
  row("11.6.1", "cudnn8", [...el78, "ubuntu20.04"]),
  row("11.3.1", "cudnn8", [...el78, ...u161820]),
  row("11.2.2", "cudnn8", [...el78, ...u161820]),
  row("11.1.1", "cudnn8", [...el78, ...u161820]),
  row("11.0.3", "cudnn8", [...el78, ...u161820]),
] as const satisfies readonly TagRow[];

/**
 * Releases that are newer than NVIDIA's lists. Only the Ubuntu tags are known. Source: `cog`, for 13.3.1 `rocker-versions`.
 */
export const newer = [
  row("13.3.1", "cudnn", [...u2224, "ubuntu26.04"]),
  row("13.3.0", "cudnn", [...u2224]),
  row("13.2.1", "cudnn", [...u2224]),
  row("13.2.0", "cudnn", [...u2224]),
  row("13.1.2", "cudnn", [...u2224]),
  row("13.1.1", "cudnn", [...u2224]),
  row("13.0.3", "cudnn", [...u2224]),
  row("12.9.2", "cudnn", [...u202224]),
] as const satisfies readonly TagRow[];

/** When NVIDIA marked a version as ended, and its date for the deletion six months later. Source: `nvidia-image-ends`. */
export const ends: Readonly<Record<string, { readonly marked: string; readonly deleted: string }>> = {
  "12.6.2": { marked: "2024-12-03", deleted: "2025-06-03" },
  "12.6.1": { marked: "2024-10-14", deleted: "2025-04-14" },
  "12.6.0": { marked: "2024-09-05", deleted: "2025-03-05" },
  "12.5.0": { marked: "2024-07-15", deleted: "2025-01-15" },
  "12.4.0": { marked: "2024-05-31", deleted: "2024-11-30" },
  "12.3.1": { marked: "2024-02-01", deleted: "2024-08-01" },
  "12.3.0": { marked: "2023-12-01", deleted: "2024-06-01" },
  "12.2.0": { marked: "2023-10-01", deleted: "2024-04-01" },
  "12.1.0": { marked: "2023-04-01", deleted: "2023-10-01" },
  "12.0.0": { marked: "2023-02-01", deleted: "2023-08-01" },
  "11.6.1": { marked: "2023-07-01", deleted: "2024-01-01" },
  "11.3.1": { marked: "2023-07-01", deleted: "2024-01-01" },
  "11.2.2": { marked: "2023-07-01", deleted: "2024-01-01" },
  "11.1.1": { marked: "2023-07-01", deleted: "2024-01-01" },
  "11.0.3": { marked: "2023-07-01", deleted: "2024-01-01" },
};

function row(
  cuda: string,
  cudnn: TagRow["cudnn"],
  withCudnn: readonly string[],
  without: readonly string[] = [],
): TagRow {
  return { cuda, cudnn, withCudnn, without };
}

/** Every tag of a list, in no special order. */
export function tagsOf(rows: readonly TagRow[]): string[] {
  return rows.flatMap(({ cuda, cudnn, withCudnn, without }) => [
    ...[...withCudnn, ...without].flatMap((os) =>
      ["base", "runtime", "devel"].map((flavour) => `${cuda}-${flavour}-${os}`),
    ),
    ...withCudnn.flatMap((os) => ["runtime", "devel"].map((flavour) => `${cuda}-${cudnn}-${flavour}-${os}`)),
  ]);
}
