import { stanzasOf } from "../inspect/owners/lines.ts";

/** Which of a system's packages need which. */
export interface PackageNeeds {
  /** Of the base system, with all that these need: the same in all images on the same base. */
  base: ReadonlySet<string>;
  /** What a package needs directly, by names of installed packages. */
  readonly of: (name: string) => readonly string[];
}

/** Nothing is known: other managers' records, and images without any. */
const noNeeds: PackageNeeds = { base: new Set(), of: () => [] };

const fields = new Set(["Package", "Status", "Essential", "Priority", "Provides", "Depends", "Pre-Depends"]);

/** The needs of the packages in dpkg's status file (deb-control(5), "Depends", "Pre-Depends", "Provides"). Undefined text: none. */
export function needsOfDpkg(status: Buffer | undefined): PackageNeeds {
  if (status === undefined) return noNeeds;
  const wishes = new Map<string, string>();
  const providers = new Map<string, string>();
  const roots: string[] = [];
  for (const stanza of stanzasOf(status, fields)) {
    const name = stanza.get("Package");
    if (name === undefined || stanza.get("Status")?.endsWith(" installed") !== true) continue;
    wishes.set(name, [stanza.get("Pre-Depends") ?? "", stanza.get("Depends") ?? ""].join(","));
    for (const provided of namesIn(stanza.get("Provides") ?? ""))
      if (!providers.has(provided)) providers.set(provided, name);
    const isBase =
      stanza.get("Essential") === "yes" || /^(?:required|important)$/.test(stanza.get("Priority") ?? "");
    if (isBase) roots.push(name);
  }
  const direct = new Map<string, readonly string[]>();
  const of = (name: string): readonly string[] => {
    let known = direct.get(name);
    if (known === undefined) {
      known = (wishes.get(name) ?? "").split(",").flatMap((wish) => {
        const found = namesIn(wish.replaceAll("|", ",")).map((one) =>
          wishes.has(one) ? one : providers.get(one),
        );
        const first = found.find((one) => one !== undefined);
        return first === undefined ? [] : [first];
      });
      direct.set(name, known);
    }
    return known;
  };
  return { base: withNeeds(roots, of), of };
}

/** Packages and all that they need, and what that needs. */
export function withNeeds(
  names: Iterable<string>,
  of: (name: string) => readonly string[],
): ReadonlySet<string> {
  const all = new Set(names);
  // A set hands on what is added while it is walked.
  for (const name of all) for (const needed of of(name)) all.add(needed);
  return all;
}

/** `libc6 (>= 2.34), python3:any` as names. */
function namesIn(list: string): string[] {
  return list.split(",").flatMap((item) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(item)?.[1] ?? []);
}
