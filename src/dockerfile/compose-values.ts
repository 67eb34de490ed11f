import type { ComposeService } from "./compose.ts";
import type { Range } from "./text.ts";

/** A variable of `environment` or `build.args`. */
export interface ComposeVariable {
  readonly name: string;
  /** Undefined where the value comes from the shell that runs Compose. */
  readonly value: string | undefined;
  readonly at: Range;
}

/** A mount of `volumes`. */
export interface ComposeMount {
  /** A path of the host, or a volume's name; undefined for anonymous volumes. */
  readonly source: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
  /** Written in one line: `./data:/data:ro`. */
  readonly short: boolean;
  readonly at: Range;
}

/** A port that is published on the host. */
export interface ComposePort {
  /** The host's side: one number or a range, undefined where Docker chooses. */
  readonly published: string | undefined;
  readonly ip: string;
  readonly protocol: string;
  readonly at: Range;
}

/** A device of `deploy.resources.reservations.devices` or an entry of `gpus`. */
export interface ComposeDevice {
  readonly path: readonly (string | number)[];
  readonly driver: string | undefined;
  readonly count: string | undefined;
  readonly ids: readonly string[] | undefined;
  readonly capabilities: readonly string[] | undefined;
  readonly at: Range;
}

const devicesPath = ["deploy", "resources", "reservations", "devices"] as const;

/** The items of a list or the keys of a mapping at a path; empty for anything else. */
export function stepsAt(service: ComposeService, ...path: readonly (string | number)[]): (string | number)[] {
  const value = service.get(...path);
  if (Array.isArray(value)) return value.map((_, at) => at);
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** A scalar as text; undefined for nothing and for collections. */
export function textAt(service: ComposeService, ...path: readonly (string | number)[]): string | undefined {
  return scalarText(service.get(...path));
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The texts of a list, or the one text. */
export function textsAt(
  service: ComposeService,
  ...path: readonly (string | number)[]
): string[] | undefined {
  const value = service.get(...path);
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(scalarText).filter((one) => one !== undefined);
  const text = scalarText(value);
  return text === undefined ? undefined : [text];
}

/** The variables of `environment` (or `build`, `args`), a list of `A=b` or a mapping. */
export function variablesAt(service: ComposeService, ...path: readonly string[]): ComposeVariable[] {
  return stepsAt(service, ...path).flatMap((step): ComposeVariable[] => {
    const at = service.range(...path, step);
    const text = textAt(service, ...path, step);
    if (typeof step === "string") return [{ name: step, value: text, at }];
    if (text === undefined) return [];
    const equals = text.indexOf("=");
    return equals < 0
      ? [{ name: text, value: undefined, at }]
      : [{ name: text.slice(0, equals), value: text.slice(equals + 1), at }];
  });
}

/** What is mounted, in short and long syntax; tmpfs and the like are left out. */
export function mountsOf(service: ComposeService): ComposeMount[] {
  return stepsAt(service, "volumes").flatMap((step): ComposeMount[] => {
    const at = service.range("volumes", step);
    const short = textAt(service, "volumes", step);
    if (short === undefined) {
      const target = textAt(service, "volumes", step, "target");
      const type = textAt(service, "volumes", step, "type");
      if (target === undefined || (type !== "bind" && type !== "volume")) return [];
      const source = textAt(service, "volumes", step, "source");
      const readOnly = service.get("volumes", step, "read_only") === true;
      return [{ source, target, readOnly, short: false, at }];
    }
    // A variable may hold colons of its own, and so does a drive.
    const parts = short
      .replaceAll(/\$\{[^}]*\}/g, (found) => found.replaceAll(":", "\u0000"))
      .split(/:(?![\\])/);
    const [first = "", second, mode = ""] = parts.map((part) => part.replaceAll("\u0000", ":"));
    const readOnly = mode.split(",").includes("ro");
    return second === undefined
      ? [{ source: undefined, target: first, readOnly, short: true, at }]
      : [{ source: first, target: second, readOnly, short: true, at }];
  });
}

/** What is published. */
export function portsOf(service: ComposeService): ComposePort[] {
  return stepsAt(service, "ports").flatMap((step): ComposePort[] => {
    const at = service.range("ports", step);
    const short = textAt(service, "ports", step);
    if (short === undefined) {
      const published = textAt(service, "ports", step, "published");
      const ip = textAt(service, "ports", step, "host_ip") ?? "";
      return [{ published, ip, protocol: textAt(service, "ports", step, "protocol") ?? "tcp", at }];
    }
    const found = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([\d-]*):)?([\d-]+)(?:\/(tcp|udp|sctp))?$/.exec(short);
    if (found === null) return [];
    const [, ip = "", published = "", , protocol = "tcp"] = found;
    return [{ published: published === "" ? undefined : published, ip, protocol, at }];
  });
}

/** The devices that are reserved, GPUs and others. */
export function devicesOf(service: ComposeService): ComposeDevice[] {
  const at = (path: readonly (string | number)[]): ComposeDevice => ({
    path,
    driver: textAt(service, ...path, "driver"),
    count: textAt(service, ...path, "count"),
    ids: textsAt(service, ...path, "device_ids"),
    capabilities: textsAt(service, ...path, "capabilities"),
    at: service.range(...path),
  });
  const reserved = Array.isArray(service.get(...devicesPath))
    ? stepsAt(service, ...devicesPath).map((step) => at([...devicesPath, step]))
    : [];
  const short = Array.isArray(service.get("gpus"))
    ? stepsAt(service, "gpus").map((step) => ({ ...at(["gpus", step]), capabilities: ["gpu"] }))
    : [];
  return [...reserved, ...short];
}

/** Where a service asks for GPUs in a way that fails on a host without them; undefined where it does not. */
export function gpuRequest(service: ComposeService): Range | undefined {
  const device = devicesOf(service).find(isGpu);
  if (device !== undefined) return device.path[0] === "gpus" ? service.range("gpus") : device.at;
  if (service.get("gpus") === "all") return service.range("gpus");
  return service.get("runtime") === "nvidia" ? service.range("runtime") : undefined;
}

/** Whether a device is a GPU: it says so, or is NVIDIA's. */
export function isGpu(device: ComposeDevice): boolean {
  return device.capabilities === undefined
    ? device.driver === "nvidia"
    : device.capabilities.some((one) => one === "gpu" || one === "nvidia");
}

/** `8gb`, `512m`, `1024` as bytes; undefined for anything else. */
export function bytesOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?$/i.exec(text.trim());
  if (found === null) return undefined;
  const power = " kmgtp".indexOf((found[2] ?? "").toLowerCase() || " ");
  return Math.round(Number(found[1]) * 1024 ** power);
}

/** What a service runs and is called, lower case, to guess what it is for. */
export function purposeOf(service: ComposeService): string {
  const words = [
    service.name,
    textAt(service, "image") ?? "",
    textAt(service, "build") ?? "",
    textAt(service, "build", "target") ?? "",
    textAt(service, "build", "dockerfile") ?? "",
    ...(textsAt(service, "command") ?? []),
    ...(textsAt(service, "entrypoint") ?? []),
  ];
  return words.join(" ").toLowerCase();
}
