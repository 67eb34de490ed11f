import type { Platform } from "../oci/platform.ts";
import type { OptionSpecs } from "./command.ts";

/** `--platform` of commands that read images. */
export const platformOption = {
  platform: {
    value: "OS/ARCH",
    many: true,
    help: "only this platform, such as linux/arm64; all of the image when not said",
  },
} as const satisfies OptionSpecs;

/** Platforms as written, also several with commas. Throws `PLATFORM_INVALID`. */
export async function readPlatforms(values: readonly string[]): Promise<Platform[]> {
  const { parsePlatform } = await import("../oci/platform.ts");
  return values.flatMap((value) => value.split(",")).map((value) => parsePlatform(value.trim()));
}
