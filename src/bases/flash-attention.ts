import { majorOf, minorOf } from "../catalog/versions.ts";
import type { WantedTorch } from "./definition.ts";
import type { Refuse } from "./problem.ts";

/** Reads off the names of flash-attn's wheels what they were built for. Wheels that do not say it are taken as they are. */
export function checkFlashAttention(
  { version, "flash-attn": wheels = {} }: WantedTorch,
  cuda: string | undefined,
  path: readonly string[],
  pythons: readonly string[],
  refuse: Refuse,
): void {
  for (const [python, url] of Object.entries(wheels)) {
    const at = [...path, "flash-attn", python];
    const file = (url.split("/").at(-1) ?? "").replaceAll(/%2B/gi, "+");
    const no = (why: string, nearest: string): void => refuse({ path: at, why, nearest });
    if (!pythons.includes(python))
      no(`the base has no Python ${python}`, `The nearest that goes is ${pythons.join(" or ")}.`);
    if (cuda === undefined)
      no("flash-attn has no wheels for CPUs", "Leave it out, or name a cuda for the base.");
    if (!file.endsWith(".whl")) no(`${file} is no wheel`, "Name a file that ends in .whl.");
    const tag = /-cp(3)(\d+)-/.exec(file);
    const builtPython = tag === null ? python : `${tag[1]}.${tag[2]}`;
    if (builtPython !== python)
      no(
        `${file} is for Python ${builtPython}, not ${python}`,
        `The nearest that goes is the one with cp${python.replace(".", "")} in its name.`,
      );
    const torch = /torch(\d+\.\d+)/.exec(file)?.[1] ?? minorOf(version);
    if (torch !== minorOf(version))
      no(
        `${file} is built for torch ${torch}, not ${version}`,
        `The nearest that goes is the one with torch${minorOf(version)} in its name.`,
      );
    const builtCuda = /\+cu(\d{2})/.exec(file)?.[1];
    if (builtCuda !== undefined && cuda !== undefined && Number(builtCuda) !== majorOf(cuda))
      no(
        `${file} is built for CUDA ${builtCuda}, not ${cuda}`,
        `The nearest that goes is the one with cu${majorOf(cuda)} in its name.`,
      );
  }
}
