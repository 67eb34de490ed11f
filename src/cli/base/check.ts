import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { labelNames, versionsIn } from "../../bases/labels.ts";
import { DdiffError } from "../../util/errors.ts";
import { renderChecks } from "../check-report.ts";
import type { Call, Outcome } from "../command.ts";
import { inkFor } from "../output/ink.ts";
import { readTrying } from "../trying.ts";

/** The device of NVIDIA's driver: there is a GPU. */
const gpuDevice = "/dev/nvidiactl";

/** Tries a base: every torch is linked to a new project, imported, and asked whether it is alone. `what` is an image in any place, or a folder. */
export async function checkBase(
  call: Call,
  what: string,
  options: { readonly runner: string | undefined; readonly timeout: string | undefined },
): Promise<Outcome> {
  const request = await readTrying({ config: [], ...options }, "base");
  const isFolder = existsSync(join(what, "base.json"));
  return isFolder ? checkInFolder(call, resolve(what), request.seconds) : checkImage(call, what, request);
}

async function checkImage(
  call: Call,
  name: string,
  request: Awaited<ReturnType<typeof readTrying>>,
): Promise<Outcome> {
  const [{ openPlace }, { readImage }, { readRunConfig }, { checkImages }, { baseChecklist, namedTorches }] =
    await Promise.all([
      import("../../places/open.ts"),
      import("../../places/image-tree.ts"),
      import("../../oci/run-config.ts"),
      import("../../slim/check/check-images.ts"),
      import("../../bases/checks.ts"),
    ]);
  const context = await call.context();
  const source = await (await openPlace(name, context)).source();
  try {
    const { images, documents } = await readImage(source, { referrers: false });
    const [image] = images;
    const bytes = image === undefined ? undefined : documents.get(image.configDescriptor.digest)?.bytes;
    const labels = bytes === undefined ? new Map<string, string>() : readRunConfig(bytes).labels;
    const versions = (label: string): string[] => versionsIn(labels.get(label) ?? "");
    const torches = namedTorches(versions(labelNames.torch), versions(labelNames.python));
    if (torches.length === 0)
      throw new DdiffError(
        "NO_BASE",
        `${name} is no base: it has no label ${labelNames.torch} with versions`,
        {
          hint: '"ddiff base list" lists the bases that are here.',
        },
      );
    const list = baseChecklist(torches, existsSync(gpuDevice));
    const { reports } = await checkImages([source], image?.platform, { ...request, list }, context);
    const text = await renderChecks(reports, [], undefined, inkFor(call, false));
    const failed = reports.flatMap(({ results }) => results).some(({ outcome }) => outcome === "failed");
    return { status: failed ? 1 : 0, json: reports, answer: `${text}\n`, raw: true };
  } finally {
    await source.close();
  }
}

async function checkInFolder(call: Call, folder: string, seconds: number): Promise<Outcome> {
  const { checkFolder } = await import("../../bases/check-folder.ts");
  const tried = await checkFolder(folder, { seconds, signal: call.signal });
  const failed = tried.filter(({ passed }) => !passed);
  const lines = tried.map(
    ({ name, passed, output }) =>
      `${passed ? "passed" : "FAILED"}  ${name}${passed ? "" : `\n        ${output.replaceAll("\n", "\n        ")}`}`,
  );
  return {
    status: failed.length > 0 ? 1 : 0,
    json: { folder, torches: tried },
    answer: [...lines, `${tried.length - failed.length} of ${tried.length} checks passed`].join("\n"),
  };
}
