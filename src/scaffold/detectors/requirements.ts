import type { Detector, Requirement } from "../project.ts";
import { wishesOf } from "./reading/wishes.ts";

/** What the project asks for, with the exact versions of the lock file where it has one version. */
export const requirements: Detector = (files, draft) => {
  const { requirements, locked, lockFile, extras } = wishesOf(files);
  draft.extras = [...extras];
  // Of an environment file that only is one more way, what nobody else asks for does not count.
  const isConda = draft.manager.value === "conda" || draft.manager.value === "pixi";
  const others = requirements.filter(({ from }) => !/\.ya?ml$/.test(from.file));
  for (const wanted of isConda || others.length === 0 ? requirements : others) {
    const versions = locked.get(wanted.name) ?? [];
    const [first] = versions;
    const same = new Set(versions.map(({ version }) => version.split("+")[0]));
    const exact: Requirement =
      first === undefined || same.size !== 1 || lockFile === undefined
        ? wanted
        : {
            ...wanted,
            version: `==${versions.length === 1 ? first.version : [...same][0]}`,
            from: { file: lockFile, line: first.line, says: `has ${wanted.name} ${first.version}` },
          };
    draft.requirements.push(exact);
  }
};
