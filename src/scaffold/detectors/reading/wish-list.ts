import type { Evidence, Requirement } from "../../project.ts";
import type { CondaPackage } from "../../requirements-conda.ts";
import type { Locked } from "../../requirements-locked.ts";
import type { RequirementText } from "../../requirements.ts";

/** A wish for a Python: specifiers of PEP 440 (`>=3.10,<3.13`), alternatives parted by `||`. */
export interface PythonWish {
  readonly spec: string;
  /** `pin` where one version was chosen (`.python-version`), `range` where several are allowed. */
  readonly kind: "pin" | "range";
  readonly from: Evidence;
}

/** What the project's files ask for, as they are read; the detectors make a project of it. */
export interface Wishes {
  readonly requirements: Requirement[];
  /** Indexes with the packages that come from them; all packages where none is named. */
  readonly indexes: { url: string; packages: readonly string[]; from: Evidence }[];
  readonly conda: (CondaPackage & { readonly group: string; readonly from: Evidence })[];
  /** Requirements with an address, a git repository first of all. */
  readonly urls: { name: string; url: string; from: Evidence }[];
  readonly pythons: PythonWish[];
  readonly requirementFiles: { path: string; group: string }[];
  /** Groups that are extras, or environments of pixi beside the default one. */
  readonly extras: Set<string>;
  /** `12`, of pixi's system-requirements. */
  readonly systemCuda: { version: string; from: Evidence }[];
  readonly locked: Locked;
  readonly lockFile: string | undefined;
}

/** Adds a package that is asked for, or a group to one that is there. */
export function addWish(wishes: Wishes, wanted: RequirementText, group: string, from: Evidence): void {
  if (wanted.url !== undefined) wishes.urls.push({ name: wanted.name, url: wanted.url, from });
  const at = wishes.requirements.findIndex(({ name }) => name === wanted.name);
  const known = wishes.requirements[at];
  if (known === undefined) {
    const { name, version, extras } = wanted;
    wishes.requirements.push({ name, version, extras, groups: [group], from });
    return;
  }
  wishes.requirements[at] = {
    ...known,
    version: known.version === "" ? wanted.version : known.version,
    extras: [...new Set([...known.extras, ...wanted.extras])],
    groups: [...new Set([...known.groups, group])].sort(
      (a, b) => Number(b === "main") - Number(a === "main"),
    ),
  };
}

/** Whether a group holds what only developers need. */
export function isDeveloperGroup(group: string): boolean {
  return /^(?:dev|develop|development|devel|tests?|testing|unit-?tests?|pytest|lint|linting|docs?|documentation|doc|typing|types|ci|release|build|style|quality|pre-commit|format|benchmarks?|examples?|notebooks?|interactive|jupyter)(?:[-_.].*)?$/i.test(
    group,
  );
}

/** The packages that the program needs: everything but groups for developers. */
export function forRunning(requirements: readonly Requirement[]): Requirement[] {
  return requirements.filter(({ groups }) => !groups.every(isDeveloperGroup));
}
