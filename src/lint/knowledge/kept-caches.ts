import type { Dockerfile } from "../../dockerfile/document.ts";
import type { Report } from "../rule.ts";
import { type CacheKind, cacheFate } from "./caches.ts";
import { type PackageCommand, packageCommands } from "./installs.ts";
import { shippedStages } from "./shipped.ts";

/** The installs of one RUN whose cache ends up in the layer. */
export interface KeptCache {
  readonly installs: readonly PackageCommand[];
  readonly folder: string;
}

/** The RUNs of shipped stages whose installs leave their cache in the layer; `wanted` picks the installs. */
export function keptCaches(
  file: Dockerfile,
  kind: CacheKind,
  wanted: (command: PackageCommand) => boolean,
): KeptCache[] {
  const found: KeptCache[] = [];
  for (const stage of shippedStages(file)) {
    for (const instruction of stage.instructions) {
      if ((instruction.trigger ?? instruction).keyword !== "RUN") continue;
      const installs: PackageCommand[] = [];
      let folder = "";
      for (const command of packageCommands(file, instruction)) {
        if (!wanted(command)) continue;
        const fate = cacheFate(file, command, kind);
        if (!fate.kept) continue;
        installs.push(command);
        ({ folder } = fate);
      }
      if (installs.length > 0) found.push({ installs, folder });
    }
  }
  return found;
}

/** `keptCaches` for several managers, each by its name. */
export function keptByManagers<Kind extends CacheKind>(
  file: Dockerfile,
  managers: Readonly<Record<string, Kind>>,
  wanted: (command: PackageCommand) => boolean,
): (KeptCache & { readonly manager: string; readonly kind: Kind })[] {
  return Object.entries(managers).flatMap(([manager, kind]) =>
    keptCaches(
      file,
      kind,
      (command) =>
        command.manager === manager &&
        (command.action === "install" || command.action === "sync") &&
        wanted(command),
    ).map((one) => ({ ...one, manager, kind })),
  );
}

/** Where a finding about installs stands: from the first one's program to its subcommand. */
export function placeOf(installs: readonly PackageCommand[]): Report["at"] {
  const [first] = installs;
  const command = first?.command;
  const word = command?.args.find((one) => first?.subcommand.endsWith(one.value));
  return { start: command?.nameWord?.start ?? 0, end: word?.end ?? command?.nameWord?.end ?? 0 };
}

/** The word after which an option of an install can stand: its subcommand. */
export function afterSubcommand(install: PackageCommand): number | undefined {
  return install.command.args.find((word) => word.value === install.subcommand)?.end;
}
