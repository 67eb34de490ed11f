import type { Dockerfile } from "../../dockerfile/document.ts";
import type { ShellWord } from "../../dockerfile/shell.ts";
import type { Report } from "../rule.ts";
import { runsOf } from "./commands.ts";
import { type PackageCommand, type PackageRequest, packageCommands } from "./installs.ts";
import type { Manager } from "./package-managers.ts";

/** How packages of some managers are told to be of one version. */
export interface Pinning {
  readonly managers: readonly Manager[];
  /** Whether a request names its version. */
  isPinned(request: PackageRequest, command: PackageCommand): boolean;
  /** Commands that are not looked at: those that take versions from elsewhere. */
  isExcused?(command: PackageCommand): boolean;
  /** The same for what stands among the packages and is a path or an address. */
  isPinnedPath?(word: ShellWord): boolean;
  /** How to write it: `name=version`. */
  readonly form: string;
}

/** Reports the install commands whose packages name no version, one finding for each command. */
export function reportUnpinned(file: Dockerfile, report: (finding: Report) => void, pinning: Pinning): void {
  for (const instruction of runsOf(file)) {
    for (const command of packageCommands(file, instruction)) {
      if (!pinning.managers.includes(command.manager) || command.action !== "install") continue;
      if (pinning.isExcused?.(command) === true) continue;
      const loose = command.packages.filter((one) => !pinning.isPinned(one, command)).map((one) => one.word);
      if (pinning.isPinnedPath !== undefined)
        loose.push(...command.files.filter((word) => pinning.isPinnedPath?.(word) === false));
      const [first] = loose;
      if (first === undefined) continue;
      const more = loose.length === 1 ? "" : ` and ${loose.length - 1} more`;
      report({
        at: first,
        message: `${first.value}${more} may be another version in the next build (${pinning.form} says which)`,
      });
    }
  }
}
