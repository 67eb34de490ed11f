import type { ComposeService } from "../../dockerfile/compose.ts";
import { readCompose } from "../../dockerfile/read-compose.ts";
import type { LintContext } from "../rule.ts";

/** `compose.gpu.yaml`, `docker-compose.override.yml`: laid over another file by `-f`, or by Compose itself. */
const extraFile = /^(?:docker-)?compose[.-].+\.ya?ml$/i;

/** The files that such a one is laid over, in the order in which Compose looks for them. */
const mainFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/** Whether a file is by its name one that is laid over another. */
export function isExtraFile({ path }: Pick<LintContext, "path">): boolean {
  return extraFile.test(path.slice(path.search(/[^/\\]*$/)));
}

/** The services that a file is laid over, by name: those of the main compose file beside it. None for a main file itself. */
export function servicesBelow(context: LintContext): ReadonlyMap<string, ComposeService> {
  if (!isExtraFile(context)) return new Map();
  const text = mainFiles.map((name) => context.read(name)).find((one) => one !== undefined);
  return new Map(text === undefined ? [] : readCompose(text).services.map((one) => [one.name, one]));
}

/** Whether a service only changes one that stands elsewhere: with nothing to start from it is none by itself. */
export function isOnlyOverride(
  service: ComposeService,
  context: LintContext,
  below: ReadonlyMap<string, ComposeService>,
): boolean {
  if (below.has(service.name)) return true;
  return isExtraFile(context) && service.get("image") === undefined && service.get("build") === undefined;
}
