import { writeFile } from "node:fs/promises";
import type { Platform } from "../../oci/platform.ts";
import type { PlaceContext, Source } from "../../places/place.ts";
import type { Checked, Generated } from "../../slim/check/check-images.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { inkFor } from "../output/ink.ts";
import { readPlatforms } from "../platforms.ts";
import { readTrying, tryOptions } from "../trying.ts";
import { usageError } from "../usage.ts";
import { version } from "../version.ts";

const options = {
  config: {
    ...tryOptions.config,
    help: "a checklist; container-structure-test's are read too. What is found in the image when not said",
  },
  generate: { help: "write the checklist of what is found and works in the image, and check nothing" },
  runner: tryOptions.runner,
  timeout: tryOptions.timeout,
  format: { value: "NAME", choices: ["terminal", "json", "junit"], help: "how it is written" },
  output: { short: "o", value: "FILE", complete: "file", help: "write it into a file" },
  platform: {
    value: "OS/ARCH",
    many: true,
    help: "this platform, such as linux/arm64; this machine's when not said",
  },
} as const;

type CheckCall = Call<typeof options>;

export const check = defineCommand({
  name: "check",
  summary: "run a checklist against an image, or compare two images by it",
  usage: ["check [OPTIONS] IMAGE [OTHER]", "check --generate [OPTIONS] IMAGE"],
  description: [
    "Looks whether an image works: commands and their output, services that must answer, imports of every package of Python, R and Node.js, programs that start, folders that the user can write to, owners and modes, links and libraries that are found, settings. Without a checklist it checks what it finds in the image.",
    "With two images the same list is run on both, and what worked in the first and does not in the second is told; what fails in both is not.",
    "Commands are run by the engine that has the image, by Docker or Podman, or without an engine; each in a fresh copy of the image and without a network. Other architectures need QEMU; where nothing can run, files and settings are looked at all the same.",
  ],
  arguments: [
    { name: "IMAGE", required: true, complete: "place", help: "the image, in any place" },
    { name: "OTHER", complete: "place", help: "an image that must do all that the first one does" },
  ],
  options,
  examples: [
    { text: "Everything that is found in an image", command: "ddiff check torch-app:2" },
    {
      text: "A list that is kept with the project",
      command: "ddiff check --generate -o checks.yaml torch-app:2",
    },
    {
      text: "In CI, by that list",
      command: "ddiff check -c checks.yaml --format junit -o checks.xml torch-app:3",
    },
    {
      text: "Whether a smaller image still does the same",
      command: "ddiff check torch-app:2 torch-app:2-slim",
    },
    {
      text: "On another architecture, as far as that goes here",
      command: "ddiff check --platform linux/arm64 docker://ghcr.io/lab/app:2",
    },
  ],
  async run(call) {
    const [name = "", other] = call.args;
    const { generate } = call.options;
    if (generate && (other !== undefined || call.options.config.length > 0))
      throw usageError("--generate takes one image and no checklist", "check");
    const request = await readTrying(call.options, "check");
    const platforms = await readPlatforms(call.options.platform);
    const { checkImages, generateFor } = await import("../../slim/check/check-images.ts");
    const context = await call.context();
    if (generate) {
      if (platforms.length > 1) throw usageError("--generate takes one platform", "check");
      return withPlaces([name], context, async ([source]) => {
        if (source === undefined) throw usageError("no image was named", "check");
        return generated(call, await generateFor(source, platforms[0], `ddiff ${version}`, request, context));
      });
    }
    const wanted: (Platform | undefined)[] = platforms.length === 0 ? [undefined] : platforms;
    const names = other === undefined ? [name] : [name, other];
    return withPlaces(names, context, async (sources) => {
      const checked: Checked[] = [];
      for (const platform of wanted) checked.push(await checkImages(sources, platform, request, context));
      return report(call, checked);
    });
  },
});

/** Opens places for reading, hands them on in their order, and closes them. */
async function withPlaces<T>(
  names: readonly string[],
  context: PlaceContext,
  work: (sources: Source[]) => Promise<T>,
): Promise<T> {
  const { openPlace } = await import("../../places/open.ts");
  const sources: Source[] = [];
  try {
    for (const name of names) sources.push(await (await openPlace(name, context)).source());
    return await work(sources);
  } finally {
    for (const source of sources) await source.close();
  }
}

async function report(call: CheckCall, checked: readonly Checked[]): Promise<Outcome> {
  const [{ renderChecks }, { checkJson }, { countChecks }] = await Promise.all([
    import("../check-report.ts"),
    import("../../slim/check/reports/json.ts"),
    import("../../slim/check/reports/counts.ts"),
  ]);
  const reports = checked.flatMap((one) => one.reports);
  const compared = checked.flatMap(({ reports: [before, after], comparison }) =>
    before === undefined || after === undefined || comparison === undefined
      ? []
      : [{ before, after, comparison }],
  );
  const { format, output } = call.options;
  const text = await renderChecks(reports, compared, format, inkFor(call, output !== undefined));
  const isFine =
    compared.length > 0
      ? compared.every(({ comparison }) => comparison.lost.length === 0)
      : reports.every((one) => countChecks(one).failed === 0);
  const status = isFine ? 0 : 1;
  const json = call.json ? checkJson(reports, compared) : null;
  if (output === undefined) return { status, json, answer: `${text}\n`, raw: true };
  await writeFile(output, `${text}\n`);
  const bad =
    compared.length > 0
      ? sum(compared.map(({ comparison }) => comparison.lost.length))
      : sum(reports.map((one) => countChecks(one).failed));
  const what = compared.length > 0 ? "lost" : "failed";
  return {
    status,
    json,
    summary: [
      `${bad} of ${sum(reports.map((one) => one.results.length))} checks ${what}; written to ${output}`,
    ],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

async function generated(call: CheckCall, { text, report: tried, leftOut }: Generated): Promise<Outcome> {
  const { output } = call.options;
  const json = { report: tried, leftOut, checklist: text };
  if (output === undefined) return { json, answer: text, raw: true };
  await writeFile(output, text);
  const kept = tried.results.length - leftOut.length;
  const left = leftOut.length === 0 ? "" : `, ${leftOut.length} that did not pass are left out`;
  return { json, summary: [`${output} has ${kept} checks${left}`] };
}
