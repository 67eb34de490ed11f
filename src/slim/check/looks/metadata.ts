import type { RunConfig } from "../../../oci/run-config.ts";
import type { EnvVar, MetadataTest } from "../checklist.ts";
import { isFound } from "../patterns.ts";
import { type CheckResult, resultOf } from "../result.ts";

/** Whether an image's settings are as they should be. */
export function lookAtMetadata(test: MetadataTest, run: RunConfig): CheckResult {
  // A port is asked for by its number; with its protocol it is taken too.
  const ports = new Set(run.ports.flatMap((port) => [port, port.split("/")[0] ?? ""]));
  const volumes = new Set(run.volumes);
  const failures = [
    ...valueFailures("variable", test.envVars, run.env),
    ...test.unboundEnvVars.filter(({ key }) => run.env.has(key)).map(({ key }) => `variable ${key} is set`),
    ...valueFailures("label", test.labels, run.labels),
    ...wordFailures("cmd", test.cmd, run.cmd),
    ...wordFailures("entrypoint", test.entrypoint, run.entrypoint),
    ...textFailures("workdir", test.workdir, run.workingDir),
    ...textFailures("user", test.user, run.user),
    ...test.exposedPorts.filter((port) => !ports.has(port)).map((port) => `port ${port} is not exposed`),
    ...test.unexposedPorts.filter((port) => ports.has(port)).map((port) => `port ${port} is exposed`),
    ...test.volumes.filter((volume) => !volumes.has(volume)).map((volume) => `${volume} is no volume`),
    ...test.unmountedVolumes.filter((volume) => volumes.has(volume)).map((volume) => `${volume} is a volume`),
  ];
  return resultOf("metadata", "settings", { failures });
}

function valueFailures(
  what: string,
  wanted: readonly EnvVar[],
  values: ReadonlyMap<string, string>,
): string[] {
  return wanted.flatMap(({ key, value, isRegex }) => {
    const is = values.get(key);
    if (is === undefined) return [`${what} ${key} is not set`];
    const fits = isRegex ? isFound(value, is) : value === is;
    if (fits === undefined) return [`${JSON.stringify(value)} is no regular expression`];
    return fits ? [] : [`${what} ${key} is ${JSON.stringify(is)}, not ${JSON.stringify(value)}`];
  });
}

function wordFailures(
  what: string,
  wanted: readonly string[] | null | undefined,
  is: readonly string[],
): string[] {
  if (wanted === undefined || wanted === null) return [];
  const same = wanted.length === is.length && wanted.every((word, at) => word === is[at]);
  return same ? [] : [`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`];
}

function textFailures(what: string, wanted: string, is: string): string[] {
  return wanted === "" || wanted === is
    ? []
    : [`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`];
}
