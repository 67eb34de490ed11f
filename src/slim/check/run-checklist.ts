import { formatPlatform } from "../../oci/platform.ts";
import type { PlaceContext } from "../../places/place.ts";
import type { Checklist } from "./checklist.ts";
import type { CheckReport } from "./compare-checks.ts";
import { readEnvironment } from "./environment.ts";
import type { CheckedImage } from "./image.ts";
import { lookAtContents, lookAtFile, lookAtLicenses, lookAtOwners } from "./looks/files.ts";
import { lookAtLibraries } from "./looks/libraries.ts";
import { lookAtLinks } from "./looks/links.ts";
import { lookAtMetadata } from "./looks/metadata.ts";
import { lookForCopies } from "./looks/unique.ts";
import { lookAtWritable } from "./looks/writable.ts";
import { type CheckResult, resultOf, titleOf } from "./result.ts";
import type { OpenedRunner } from "./runners/open-runner.ts";
import type { Runner } from "./runners/runner.ts";
import { runCommandTest } from "./runs/command.ts";
import { runImportTest, titleOfImport } from "./runs/imports.ts";
import { runScriptTest } from "./runs/scripts.ts";
import { runServiceTest } from "./runs/service.ts";

/** How commands of a checklist are run. */
export interface RunLimits {
  /** Seconds that each command may take. */
  seconds: number;
}

/** What tests that run something get. */
export interface RunSetting {
  image: CheckedImage;
  runner: Runner;
  limits: RunLimits;
  options: Checklist["containerRunOptions"];
  /** Variables for every test, and those of the run options. */
  env: ReadonlyMap<string, string>;
}

/**
 * Runs a checklist on an image, in the order of its kinds. Where nothing can be run, tests that need it are `skipped` with the reason. Only what is wrong with the machine
 * or the image's layers throws (`LAYER_CHANGED`, `ENV_FILE`, the signal's reason); what is wrong with a test is its failure.
 */
export async function runChecklist(
  list: Checklist,
  image: CheckedImage,
  { runner, why }: OpenedRunner,
  limits: RunLimits,
  context: Pick<PlaceContext, "env" | "progress" | "signal">,
): Promise<CheckReport> {
  const environment = await readEnvironment(list, image.run.env, context.env);
  const results: CheckResult[] = [
    ...(list.metadataTest === undefined ? [] : [lookAtMetadata(list.metadataTest, image.run)]),
    ...list.fileExistenceTests.map((test) => lookAtFile(test, image, environment.image)),
    ...(await lookAtContents(list.fileContentTests, image)),
    ...(await lookAtLicenses(list.licenseTests, image)),
    ...list.ownerTests.map((test) => lookAtOwners(test, image)),
    ...list.writableTests.map((test) => lookAtWritable(test, image)),
    ...list.linkTests.map((test) => lookAtLinks(test, image)),
    ...list.libraryTests.map((test) => lookAtLibraries(test, image)),
    ...list.uniqueTests.map((test) => lookForCopies(test, image)),
  ];
  const count = runsOf(list);
  if (count > 0 && runner === undefined) results.push(...leftOut(list, why));
  else if (count > 0 && runner !== undefined) {
    const { containerRunOptions: options } = list;
    const setting: RunSetting = { image, runner, limits, options, env: environment.given };
    const task = context.progress.task(`checking ${image.name} with ${runner.name}`);
    try {
      for (const test of list.commandTests)
        results.push(await runCommandTest(test, setting, environment.image));
      for (const test of list.importTests) results.push(...(await runImportTest(test, setting)));
      for (const test of list.scriptTests) results.push(...(await runScriptTest(test, setting)));
      for (const test of list.serviceTests) results.push(await runServiceTest(test, setting));
    } finally {
      task.end();
    }
  }
  return {
    image: image.name,
    platform: formatPlatform(image.image.platform),
    runner: runner?.name ?? "none",
    notes: [
      ...(runner?.notes ?? []),
      ...(count > 0 && runner === undefined ? [`nothing was run: ${why}`] : []),
    ],
    results: withOwnNames(results),
  };
}

/** Tests may have the same name; results are told apart by it. */
function withOwnNames(results: readonly CheckResult[]): CheckResult[] {
  const seen = new Map<string, number>();
  return results.map((result) => {
    const title = titleOf(result);
    const number = (seen.get(title) ?? 0) + 1;
    seen.set(title, number);
    return number === 1 ? result : { ...result, name: `${result.name} (${number})` };
  });
}

function runsOf(list: Checklist): number {
  return (
    list.commandTests.length + list.importTests.length + list.scriptTests.length + list.serviceTests.length
  );
}

function leftOut(list: Checklist, why: string): CheckResult[] {
  const skipped = `nothing can run here: ${why}`;
  return [
    ...list.commandTests.map(({ name }) => resultOf("command", name, { skipped })),
    ...list.importTests.flatMap(({ name, modules }) =>
      modules.map((module) => resultOf("import", titleOfImport(module, { name }), { skipped })),
    ),
    ...list.scriptTests.flatMap(({ scripts }) =>
      scripts.map((script) => resultOf("script", script, { skipped })),
    ),
    ...list.serviceTests.map(({ name }) => resultOf("service", name, { skipped })),
  ];
}
