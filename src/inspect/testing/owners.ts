import type { TarSpec } from "../../delta/testing/tars.ts";
import type { Package } from "../analysis.ts";
import { attributePackages } from "../attribute.ts";
import { makeView } from "./layers.ts";

/** Whose the files of layers of these members are, as `dpkg libc6 2.36` or `pip numpy 2.1.0 in opt/venv`, by path. */
export async function ownersIn(...layers: (readonly TarSpec[])[]): Promise<Record<string, string>> {
  const owners = attributePackages(await makeView(...layers));
  return Object.fromEntries([...owners].map(([path, owner]) => [path, sentence(owner)]));
}

function sentence({ manager, name, version, home }: Package): string {
  return `${manager} ${name} ${version}${home === "" ? "" : ` in ${home}`}`;
}
