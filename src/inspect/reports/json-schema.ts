import * as z from "zod";

const bytes = z.int().min(0);
const count = z.int().min(0);
const digest = z.string().regex(/^sha(?:256|512):[0-9a-f]+$/);
const path = z.string().describe("Without / in front; bytes that are not UTF-8 are U+DC80 to U+DCFF.");
const risk = z
  .enum(["safe", "check", "risky"])
  .describe(
    "safe: nothing can need it; check: ddiff check before and after tells; risky: no check sees all that may need it.",
  );
const share = { bytes: bytes.describe("Of content, each hard link once."), files: count };

const step = z.strictObject({
  text: z.string().describe("As the history has it, without the builder's decoration."),
  line: z.int().min(1).optional().describe("Of the Dockerfile that was given."),
  file: z.string().optional().describe("The Dockerfile, as it was named."),
});

const owner = z.strictObject({
  manager: z.enum(["dpkg", "apk", "rpm", "pip", "uv", "conda", "r", "npm", "none"]),
  name: z.string(),
  version: z.string().describe("Empty where the record has none."),
  home: z.string().describe("The folder of its environment; empty for the system."),
});

const layer = z.strictObject({
  number: count.describe("From 0 at the bottom."),
  diffId: digest,
  packed: bytes.describe("As the place packs it."),
  tar: bytes,
  entries: count,
  visible: bytes.describe("Of content that a container sees."),
  hidden: bytes.describe("Of content that a container does not see any more."),
  step,
});

const finding = z.strictObject({
  kind: z.enum([
    "removed-later",
    "overwritten",
    "copied",
    "duplicate",
    "class",
    "second-copy",
    "second-environment",
  ]),
  name: z.string().describe("The class, the soname, the package; empty where the kind says all."),
  title: z.string(),
  layer: count.describe("The layer in which the bytes stand."),
  by: count.optional().describe("The layer whose step makes them waste, where it is another one."),
  bytes: bytes.describe("That would be gone; no byte is in two findings."),
  files: count,
  risk,
  why: z.string(),
  edit: z.string().describe("What to write in the Dockerfile."),
  largest: z.array(z.strictObject({ path, bytes })).describe("The ten largest files."),
});

/** What `ddiff analyze --json` writes, and what `compare` and `budget` take in place of an image. */
export const analysisSchema = z
  .strictObject({
    version: z.literal(1),
    image: z.strictObject({
      name: z.string(),
      platform: z.string(),
      manifest: digest,
      config: digest,
    }),
    sizes: z.strictObject({
      packed: bytes.describe("Layers as the place packs them."),
      tar: bytes.describe("Layers as tars."),
      visible: bytes.describe("Content that a container sees."),
      hidden: bytes.describe("Content that later layers hide."),
      safe: bytes.describe("Sum of the findings that are safe."),
      check: bytes.describe("Sum of those that want a check."),
      risky: bytes.describe("Sum of the risky ones."),
    }),
    layers: z.array(layer),
    findings: z.array(finding).describe("Largest first."),
    packages: z
      .array(owner.extend(share))
      .describe("Largest first; the manager none stands for all that is in no package."),
    classes: z
      .array(
        z.strictObject({
          name: z.string(),
          title: z.string(),
          risk,
          why: z.string(),
          edit: z.string(),
          ...share,
        }),
      )
      .describe("Largest first."),
    copies: z
      .array(
        z.strictObject({
          name: z.string(),
          copies: z.array(z.strictObject({ path, layer: count, bytes, package: owner.optional() })),
        }),
      )
      .describe("Libraries and tools that stand in the image several times."),
    programs: z.array(z.strictObject({ name: z.string(), path, version: z.string() })),
  })
  .describe("Where the bytes of an image are. Sizes are in bytes.");

/** An analysis as JSON. */
export type AnalysisJson = z.infer<typeof analysisSchema>;

/** The schema for others. */
export function analysisJsonSchema(): unknown {
  return { ...z.toJSONSchema(analysisSchema, { target: "draft-7" }), title: "Report of ddiff analyze" };
}
