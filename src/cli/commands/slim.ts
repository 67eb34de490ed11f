import type { Written } from "../../places/place.ts";
import type { CheckComparison } from "../../slim/check/compare-checks.ts";
import type { Behaviour } from "../../slim/check/same-behaviour.ts";
import type { SlimOptions } from "../../slim/slim.ts";
import { formatBytes } from "../../util/bytes.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { platformOption, readPlatforms } from "../platforms.ts";
import { dockerfileOption, readDockerfile } from "../named-files.ts";
import { readTrying, tryOptions } from "../trying.ts";
import { usageError } from "../usage.ts";
import { version } from "../version.ts";

export const slim = defineCommand({
  name: "slim",
  summary: "write an image again without what nothing needs",
  usage: ["slim [OPTIONS] IMAGE NEW", "slim --plan [OPTIONS] IMAGE"],
  description: [
    "Writes a new image with the same files less what is safe to remove: package lists and caches, what later layers hide, what chown copied. Risky kinds of files go only by name.",
    "Layers are laid out again: each heavy package (torch, a CUDA wheel, a large package of the system) gets a layer that depends on nothing but its files, so that the images of a team share them. Nothing is run or traced to find out what is needed.",
    "The configuration, owners, modes and attributes stay. Times stay too, but for files whose time is only that of their installation by pip, uv, npm or R.",
  ],
  arguments: [
    { name: "IMAGE", required: true, complete: "place", help: "the image, in any place" },
    { name: "NEW", complete: "place", help: "the new image's name, in any place" },
  ],
  options: {
    plan: { help: "say what would go and how the layers would lie, and write nothing" },
    drop: { value: "CLASS", many: true, help: "remove this kind of files too; ddiff analyze names them" },
    keep: { value: "CLASS", many: true, help: "leave this kind of files, though it is safe to remove" },
    "no-check": { help: "do not try the images before and after" },
    ...tryOptions,
    ...dockerfileOption,
    "keep-times": {
      help: "keep all times; heavy packages are then shared only where they were installed together",
    },
    ...platformOption,
  },
  examples: [
    { text: "What it would do", command: "ddiff slim --plan torch-app:2" },
    { text: "In the local engine", command: "ddiff slim torch-app:2 torch-app:2-slim" },
    {
      text: "From one registry to another, without byte code",
      command: "ddiff slim --drop byte-code docker://ghcr.io/lab/app:2 docker://ghcr.io/lab/app:2-slim",
    },
  ],
  async run(call): Promise<Outcome> {
    const [name = "", to] = call.args;
    const [{ openPlace }, slimming, { planLines, reportPlan }, { proveSame, recordBefore }, { writeSlim }] =
      await Promise.all([
        import("../../places/open.ts"),
        import("../../slim/slim.ts"),
        import("../../slim/report.ts"),
        import("../../slim/prove.ts"),
        import("../../slim/write.ts"),
      ]);
    if (call.options.plan && to !== undefined) throw usageError("--plan writes no image", "slim");
    if (!call.options.plan && to === undefined)
      throw usageError("the new image has no name", "slim", "Name it, or ask for the plan with --plan.");
    const options: SlimOptions = {
      drop: call.options.drop,
      keep: call.options.keep,
      times: { fix: !call.options["keep-times"], latest: sourceDate(call.env) },
      version,
      ...(await readDockerfile(call.options.dockerfile, "slim")),
    };
    const trying = await readTrying(call.options, "slim");
    const platforms = await readPlatforms(call.options.platform);
    const context = await call.context();
    const source = await (await openPlace(name, context)).source();
    try {
      const planned = await slimming.planSlim(source, platforms, options, context);
      const json = planned.plans.map(reportPlan);
      const lines = planned.plans.flatMap((plan) => [...planLines(plan), ""]);
      if (to === undefined) return { json, answer: lines.join("\n").trimEnd() };
      const place = await openPlace(to, context);
      const before = call.options["no-check"]
        ? []
        : await recordBefore(source, planned.plans, trying, context);
      const made = await slimming.makeSlim(source, planned, options, context);
      try {
        const proofs = await proveSame(made.image, before, trying, context);
        const written = await writeSlim(made.image, place, context);
        return finished(json, written, proofs, before);
      } finally {
        made.close();
      }
    } finally {
      await source.close();
    }
  },
});

type Reports = ReturnType<typeof import("../../slim/report.ts")["reportPlan"]>[];

function finished(
  reports: Reports,
  { label, digest, bytes }: Written,
  proofs: readonly CheckComparison[],
  before: readonly Behaviour[],
): Outcome {
  const old = reports.reduce((sum, one) => sum + one.before.files, 0);
  const after = reports.reduce((sum, one) => sum + one.after.files, 0);
  const checks = proofs.map(({ kept, gained, never }, i) => {
    const { runner = "none", platform = "" } = before[i]?.report ?? {};
    return { platform, runner, kept, gained, never };
  });
  return {
    json: { label, digest, bytes, platforms: reports, checks },
    summary: [
      `${label} is written, ${digest.slice(0, 19)}: ${formatBytes(after)} of files instead of ${formatBytes(old)}, ${formatBytes(bytes)} sent`,
      ...checks.map(({ runner, platform, kept, never }) => {
        const how = runner === "none" ? "without running anything" : `with ${runner}`;
        const rest = never.length === 0 ? "" : `; ${never.length} passed in neither`;
        return `${platform}: ${kept} checks passed before and after, tried ${how}${rest}`;
      }),
    ],
  };
}

/** SOURCE_DATE_EPOCH in seconds. Throws `USAGE` for what is no number. */
function sourceDate(env: Record<string, string | undefined>): number | undefined {
  const text = env["SOURCE_DATE_EPOCH"];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,12}$/.test(text))
    throw usageError(`SOURCE_DATE_EPOCH is no number of seconds: ${text}`, "slim");
  return Number(text);
}
