import manifest from "../../package.json" with { type: "json" };

/** The package's version. */
export const version: string = manifest.version;

/** `ddiff 0.1.0`. */
export function versionText(): string {
  return `ddiff ${version}`;
}
