import type { Source, Written } from "../../places/place.ts";
import type { PlatformReport } from "../../slim/rebase/report.ts";
import type { OwnBytes } from "../../slim/rebase/sizes.ts";
import { formatBytes } from "../../util/bytes.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { platformOption, readPlatforms } from "../platforms.ts";
import { usageError } from "../usage.ts";
import { version } from "../version.ts";

export const rebase = defineCommand({
  name: "rebase",
  summary: "lay an image's files over a shared base, without building it again",
  usage: ["rebase [OPTIONS] IMAGE --onto BASE NEW", "rebase --dry-run [OPTIONS] IMAGE --onto BASE"],
  description: [
    "Writes an image again as the layers of a base, as they are, and one or a few layers with what of the image the base has not. A container sees the same files: contents, owners, modes, times, attributes, links. The settings stay as they are. What many images of one base share is stored and sent once.",
    "A file comes from the base only where it is the same in everything at the same path. Before anything is written the new layers are read over the base's and compared with the old image.",
    "Nothing is written where the new image would need as much beside the base as the old one does (exit status 1).",
  ],
  arguments: [
    { name: "IMAGE", required: true, complete: "place", help: "the image, in any place" },
    {
      name: "NEW",
      complete: "place",
      help: "the new image's name, in any place; IMAGE itself to replace it",
    },
  ],
  options: {
    onto: {
      value: "BASE",
      many: true,
      complete: "place",
      help: "the base, in any place; of several, the one that leaves the least to be stored",
    },
    "dry-run": { help: "make all of it, say what it would take to the byte, and write nothing" },
    times: {
      value: "RULE",
      choices: ["exact", "of-base"],
      help: "of-base takes files from the base that differ in nothing but their time; exact when not said",
    },
    ...platformOption,
  },
  examples: [
    {
      text: "What it would save",
      command: "ddiff rebase --dry-run torch-app:2 --onto lab/base:cu12.4.1-py3.10-torch-251205",
    },
    {
      text: "In a registry, onto the better of two bases",
      command:
        "ddiff rebase docker://hub.lab/app:2 --onto docker://hub.lab/base:torch-251205 --onto docker://hub.lab/base:torch-260301 docker://hub.lab/app:2-shared",
    },
  ],
  async run(call): Promise<Outcome> {
    const [name = "", to] = call.args;
    const { onto, times } = call.options;
    if (onto.length === 0) throw usageError("the base is not named", "rebase", "Name it with --onto.");
    if (!call.options["dry-run"] && to === undefined)
      throw usageError(
        "the new image has no name",
        "rebase",
        "Name it, or ask with --dry-run what it would take.",
      );
    const [{ openPlace }, { planRebase }, { makeRebase }, { planLines, reportPlatform }] = await Promise.all([
      import("../../places/open.ts"),
      import("../../slim/rebase/plan.ts"),
      import("../../slim/rebase/rebase.ts"),
      import("../../slim/rebase/report.ts"),
    ]);
    const [{ bytesAfter, bytesBefore }, { keepsPacked, packImage, writePacked }] = await Promise.all([
      import("../../slim/rebase/sizes.ts"),
      import("../../slim/write.ts"),
    ]);
    const platforms = await readPlatforms(call.options.platform);
    const context = await call.context();
    const sources: Source[] = [];
    const open = async (place: string): Promise<Source> => {
      const source = await (await openPlace(place, context)).source();
      sources.push(source);
      return source;
    };
    try {
      const source = await open(name);
      const bases: { name: string; source: Source }[] = [];
      for (const one of onto) bases.push({ name: one, source: await open(one) });
      const place = to === undefined ? undefined : await openPlace(to, context);
      const rule = times === "of-base" ? times : "exact";
      const plan = await planRebase(source, bases, { platforms, times: rule }, context);
      const reports = plan.platforms.map(reportPlatform);
      const lines = planLines(plan, source.name ?? name, reports);
      const made = await makeRebase(source, plan, version, context);
      try {
        const isPacked = source.unpacked !== true;
        const goesPacked = place === undefined ? isPacked : keepsPacked(place);
        const packed = await packImage(made.image, goesPacked, context, made.keep);
        try {
          const sizes = {
            before: bytesBefore(plan, isPacked),
            after: bytesAfter(plan, packed.image, goesPacked),
          };
          const told: Told = { base: plan.base.name, leftOut: plan.leftOut, reports, lines, ...sizes };
          if (call.options["dry-run"] || place === undefined || savedBytes(told) <= 0) return foretold(told);
          return finished(told, await writePacked(packed.image, place, context));
        } finally {
          await packed.close();
        }
      } finally {
        made.close();
      }
    } finally {
      for (const source of sources) await source.close();
    }
  },
});

/** What is known before anything is written. */
interface Told {
  base: string;
  leftOut: string[];
  reports: PlatformReport[];
  lines: string[];
  before: OwnBytes;
  after: OwnBytes;
}

/** What a place that has the base stores less: packed where both images are, else uncompressed. */
function savedBytes({ before, after }: Told): number {
  return before.packed === undefined || after.packed === undefined
    ? before.tar - after.tar
    : before.packed - after.packed;
}

/** Where nothing is written, because nothing was to be or because it would be of no use. */
function foretold(told: Told): Outcome {
  const isUseful = savedBytes(told) > 0;
  return {
    status: isUseful ? 0 : 1,
    json: { ...toJson(told), written: null },
    answer: [
      ...told.lines,
      sizeLine(told),
      ...(isUseful ? [] : ["A rebase saves nothing here: nothing is written."]),
    ].join("\n"),
  };
}

function finished(told: Told, { label, digest, bytes }: Written): Outcome {
  return {
    json: { ...toJson(told), written: { label, digest, bytes } },
    summary: [
      ...told.lines,
      `${label} is written, ${digest.slice(0, 19)}: ${formatBytes(bytes)} sent`,
      sizeLine(told),
    ],
  };
}

function toJson(told: Told): object {
  const { base, before, after, leftOut, reports } = told;
  return { base, before, after, saved: savedBytes(told), leftOut, platforms: reports };
}

function sizeLine(told: Told): string {
  const { before, after } = told;
  const isPacked = before.packed !== undefined && after.packed !== undefined;
  const [old = 0, fresh = 0] = isPacked ? [before.packed, after.packed] : [before.tar, after.tar];
  const saved = savedBytes(told);
  const how = saved > 0 ? `${formatBytes(saved)} less` : `${formatBytes(-saved)} more`;
  return `beside the base it takes ${formatBytes(fresh)} instead of ${formatBytes(old)}${isPacked ? "" : ", uncompressed"}: ${how}`;
}
