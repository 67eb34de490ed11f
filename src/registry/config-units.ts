import * as z from "zod";
import { parseSize } from "../util/parse-size.ts";
import { isDdiffError } from "../util/errors.ts";

const durationPattern = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const milliseconds: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Beyond this a timer of Node would run at once. */
const longest = 24 * 86_400_000;

/** Reads a time that a person wrote, in milliseconds: `90s`, `15m`, `24h`, `1.5d`, at most 24 days. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, number = "", unit = ""] = durationPattern.exec(text.trim()) ?? [];
  const duration = Math.round(Number(number) * (milliseconds[unit] ?? Number.NaN));
  return number !== "" && duration > 0 && duration <= longest ? duration : undefined;
}

/** A time in a configuration, in milliseconds when read. */
export function duration(description: string) {
  return z
    .string()
    .regex(durationPattern, "is not a time such as 90s, 15m or 24h")
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value !== undefined) return value;
      context.addIssue({ code: "custom", message: "is not between a millisecond and 24 days" });
      return z.NEVER;
    })
    .describe(description);
}

/** A size in a configuration, in bytes when read. */
export function size(description: string) {
  return z
    .union([z.int().positive(), z.string()], { error: "is not a size such as 4GB or 650MiB" })
    .transform((value, context) => {
      try {
        return parseSize(String(value));
      } catch (error) {
        // Its own sentence names the value; ours is completed by the name of the setting.
        if (!isDdiffError(error, "SIZE_INVALID")) throw error;
        context.addIssue({ code: "custom", message: "is not a size such as 4GB or 650MiB" });
        return z.NEVER;
      }
    })
    .describe(description);
}

/** A host and a port, as a server listens on them. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads `127.0.0.1:5000`, `[::1]:5000`, `:5000` and `0.0.0.0:5000` (both every address), `localhost:5000`. Undefined for anything else. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return undefined;
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "::" : host, port };
}

/** An address to listen on, in a configuration. */
export function listenAddress(description: string) {
  return z
    .string()
    .refine((text) => parseListen(text) !== undefined, "is not HOST:PORT, such as 127.0.0.1:5000")
    .describe(description);
}

/** Whether nobody but this machine reaches an address. A name other than localhost may be anything. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
