import type { OptionSpecs } from "../command.ts";

/** What names of places begin with. */
export const transports = [
  "docker://",
  "docker-daemon:",
  "containers-storage:",
  "containerd:",
  "oci:",
  "oci-archive:",
  "docker-archive:",
  "dir:",
];

/** Long options as typed. */
export function optionWords(options: OptionSpecs): string[] {
  return Object.keys(options).map((name) => `--${name}`);
}

/** Options, short and long, that take the next word. */
export function valueOptions(options: OptionSpecs): string[] {
  return Object.entries(options)
    .filter(([, spec]) => spec.value !== undefined)
    .flatMap(([name, spec]) => (spec.short === undefined ? [`--${name}`] : [`-${spec.short}`, `--${name}`]));
}
