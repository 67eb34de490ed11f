import { gonePackage } from "../catalog/os-packages.ts";
import type { OsRelease } from "../catalog/os-releases.ts";
import type { Definition } from "./definition.ts";
import type { Refuse } from "./problem.ts";

/** What comes with each torch: once more among the common packages, it would be there twice. */
const ofTorch = /^(?:torch|torchvision|torchaudio|triton|pytorch-triton|flash-attn|nvidia-.*-cu\d+)$/;

/** Looks whether the system has its packages, and whether the common packages are no torch. */
export function checkPackages(definition: Definition, release: OsRelease, refuse: Refuse): void {
  const names = definition.packages.map(packageName);
  for (const [at, name] of names.entries()) {
    const path = ["packages", String(at)];
    if (ofTorch.test(name))
      refuse({
        path,
        why: `${name} comes with each torch, and would be in the base twice`,
        nearest: "Name it under torch, or leave it out.",
      });
    if (names.indexOf(name) !== at) refuse({ path, why: `${name} is named twice`, nearest: "Name it once." });
  }
  for (const [at, name] of definition.system.entries()) {
    const gone = gonePackage(name, release);
    if (gone === undefined) continue;
    refuse({
      path: ["system", String(at)],
      why: `${release.id.replace(":", "")} has no package ${name}`,
      nearest: gone.instead === undefined ? "Leave it out." : `The nearest that goes is ${gone.instead}.`,
    });
  }
}

/** The name that a requirement is for, as PEP 503 normalises it. */
function packageName(requirement: string): string {
  const name = /^[A-Za-z0-9._-]+/.exec(requirement)?.[0] ?? requirement;
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
