import { DdiffError } from "../util/errors.ts";

/** What a manifest runs on (image-spec, image-index.md). */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  "os.version"?: string;
  "os.features"?: string[];
}

const knownSystems = new Set([
  "linux",
  "windows",
  "darwin",
  "freebsd",
  "wasi",
  "android",
  "netbsd",
  "openbsd",
]);
const aliases: Record<string, [architecture: string, variant?: string]> = {
  i386: ["386"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};
/** What Node calls an architecture, where the image world has another name. */
const nodeArchitectures: Record<string, string> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/**
 * The usual spelling: lower case, `x86_64` is `amd64`, `aarch64` is `arm64`, `arm` without variant is `arm/v7`, and
 * the variants that say nothing (`amd64/v1`, `arm64/v8`) go (as containerd normalises).
 */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: written, ...rest } = platform;
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const [architecture, implied] = Object.hasOwn(aliases, given) ? (aliases[given] ?? [given]) : [given];
  const variant = normalizeVariant(architecture, implied ?? written?.toLowerCase() ?? "");
  return {
    ...rest,
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant === "" ? {} : { variant }),
  };
}

function normalizeVariant(architecture: string, variant: string): string {
  const full = /^[0-9]/.test(variant) ? `v${variant}` : variant;
  if (architecture === "386") return "";
  if (architecture === "amd64" && full === "v1") return "";
  if (architecture === "arm64" && (full === "v8" || full === "v8.0")) return "";
  return architecture === "arm" && full === "" ? "v7" : full;
}

/**
 * Reads `linux/arm64/v8`, `linux/amd64`, `windows(10.0.17763)/amd64`, or one of the two words alone: `arm64` is on
 * Linux, `linux` is on this machine's architecture. The answer is normalised. Throws `PLATFORM_INVALID`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const match = /^([A-Za-z0-9_.-]+)(?:\(([A-Za-z0-9_.-]+)\))?$/.exec(parts[0] ?? "");
  const rest = parts.slice(1);
  if (match?.[1] === undefined || parts.length > 3 || !rest.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) {
    throw new DdiffError("PLATFORM_INVALID", `${JSON.stringify(text.slice(0, 100))} is not a platform`, {
      hint: "Write it as os/architecture or os/architecture/variant, such as linux/arm64.",
      exitStatus: 2,
    });
  }
  const [, first, version] = match;
  const [architecture, variant] = rest;
  const system = first.toLowerCase();
  if (
    architecture === undefined &&
    version === undefined &&
    !knownSystems.has(system) &&
    system !== "macos"
  ) {
    return normalizePlatform({ os: "linux", architecture: first });
  }
  return normalizePlatform({
    os: first,
    architecture: architecture ?? hostPlatform().architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { "os.version": version }),
  });
}

/** `linux/arm/v7`; an OS version stands in brackets: `windows(10.0.17763.1)/amd64`. */
export function formatPlatform(platform: Platform): string {
  const version = platform["os.version"];
  const os = version === undefined || version === "" ? platform.os : `${platform.os}(${version})`;
  const variant = platform.variant ?? "";
  return `${os}/${platform.architecture}${variant === "" ? "" : `/${variant}`}`;
}

/**
 * Whether an image for `have` may be taken where `wanted` is asked for: same system and architecture, and a variant
 * that is the same or lower (`arm/v6` runs on `arm/v7`, `amd64` on `amd64/v3`). The OS version counts where `wanted`
 * names one, as far as it names it.
 */
export function matchesPlatform(wanted: Platform, have: Platform): boolean {
  return score(wanted, have) >= 0;
}

/** The platform of the containers that run on this machine; outside Windows that is always Linux. */
export function hostPlatform(): Platform {
  return normalizePlatform({
    os: process.platform === "win32" ? "windows" : "linux",
    architecture: nodeArchitectures[process.arch] ?? process.arch,
  });
}

/** The item that fits `wanted` best, the first of equals; `wanted` is this machine where it is not said. */
export function pickPlatform<T extends { platform?: Platform }>(
  list: readonly T[],
  wanted: Platform = hostPlatform(),
): T | undefined {
  let best: T | undefined;
  let bestScore = -1;
  for (const item of list) {
    const points = item.platform === undefined ? -1 : score(wanted, item.platform);
    if (points > bestScore) {
      best = item;
      bestScore = points;
    }
  }
  return best;
}

/** True for the `unknown/unknown` that builders give to attestations, and for a platform that is left empty. */
export function isUnknownPlatform(platform: Platform): boolean {
  return [platform.os, platform.architecture].some((part) => part === "" || part === "unknown");
}

/** Higher is better, negative is no match. */
function score(wanted: Platform, have: Platform): number {
  const want = normalizePlatform(wanted);
  const got = normalizePlatform(have);
  if (want.os !== got.os || want.architecture !== got.architecture) return -1;
  const version = want["os.version"] ?? "";
  if (version !== "" && !`${got["os.version"] ?? ""}.`.startsWith(`${version}.`)) return -1;
  if (want.variant === got.variant) return 1_000_000;
  const most = variantNumber(want);
  const level = variantNumber(got);
  return most === undefined || level === undefined || level > most ? -1 : level;
}

/** `v6` is 600, `v8.2` is 802; no variant is the lowest of its architecture. */
function variantNumber(platform: Platform): number | undefined {
  const lowest: Record<string, string> = { amd64: "v1", arm64: "v8", arm: "v7" };
  const text = platform.variant ?? lowest[platform.architecture] ?? "";
  const match = /^v(\d{1,2})(?:\.(\d{1,2}))?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 100 + Number(match[2] ?? 0);
}
