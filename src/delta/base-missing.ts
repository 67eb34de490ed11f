import type { Digest } from "../oci/digest.ts";
import { parseReference } from "../oci/reference.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { Bundle } from "./bundle-read.ts";

/** Names of a bundle's base that are read: it may have any number. */
const mostNames = 1000;
/** So many names, and characters of one, a sentence has. */
const namesSaid = 10;
const longestSaid = 300;

/** Names of a bundle's base as a registry may have them, without the registry: `app:1`. Those that are no reference are left out. */
export function namesInRegistry({ config }: Bundle): string[] {
  const names = new Set<string>();
  for (const name of config.base.names.slice(0, mostNames)) {
    try {
      const { path, tag = "latest" } = parseReference(name.replace(/^[a-z-]+:(?:\/\/)?(?=.*:)/, ""));
      names.add(`${path}:${tag}`);
      // Docker Hub's own names are short everywhere else.
      names.add(`${path.replace(/^library\//, "")}:${tag}`);
    } catch (error) {
      if (!isDdiffError(error)) throw error;
    }
  }
  return [...names];
}

/** `BASE_MISSING` for layers that are not in the place `label`. */
export function baseMissing(
  { config }: Bundle,
  missing: readonly Digest[],
  needed: ReadonlySet<Digest>,
  label: string,
  cause?: unknown,
): DdiffError {
  const names = enumeration(config.base.names) || "the base";
  const list = enumeration(missing.map((diffId) => diffId.slice(0, 19)));
  return new DdiffError(
    "BASE_MISSING",
    `${missing.length} of ${needed.size} layers of ${names} are not in ${label}: ${list}`,
    {
      cause,
      hint: `Load ${names} first or name a place that has it with --base; or cut the bundle against what is here: "ddiff have > have.json" here, then "ddiff diff --have have.json TARGET" there.`,
    },
  );
}

function enumeration(names: readonly string[]): string {
  const said = names.slice(0, namesSaid).map((name) => name.slice(0, longestSaid));
  const more = names.length - said.length;
  return said.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
