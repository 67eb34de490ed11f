import * as z from "zod";

const bytes = z.int().min(0);
const count = z.int().min(0);
const digest = z.string().regex(/^sha(?:256|512):[0-9a-f]+$/);
const name = z.string().describe("As the place has it; the beginning of the ID where an image has no name.");

const cost = {
  disk: bytes.optional().describe("Allocated by the file system; hard links once."),
  content: bytes.optional().describe("Sizes of files; hard links once."),
  packed: bytes.optional().describe("Of the blob."),
  tar: bytes.optional().describe("Of the uncompressed layer."),
};

const shares = {
  bytes: bytes.describe("All that it needs."),
  unique: bytes.describe("What nothing else in this place needs: no other image, or no other group."),
  shared: bytes.describe("What others need too."),
};

const image = z.strictObject({
  id: digest.describe("Of the config in engines with unpacked layers, else of the index or manifest."),
  names: z.array(z.string()).describe("None for a dangling image."),
  labels: z.record(z.string(), z.string()),
  created: z.string().optional(),
  ...shares,
  freed: bytes.describe("What its removal alone gives back: containers may keep layers."),
  containers: z.array(z.string()).describe("Names of the containers that need all of its layers."),
});

const container = z.strictObject({
  id: z.string(),
  name: z.string(),
  image: z.string().describe("What it was made of."),
  running: z.boolean(),
  bytes: bytes.describe("What it has written, and its own files beside."),
  orphaned: bytes.describe("Layers that no image has any more."),
});

const part = z.strictObject({
  id: z.string(),
  kind: z.enum(["layer", "snapshot", "blob", "record", "links", "container", "cache", "rest"]),
  ...cost,
  images: count.describe("How many images need it."),
  containers: count.describe("How many containers need it."),
});

const group = z.strictObject({
  name: z.string().describe("Empty for images that do not say."),
  images: count,
  ...shares,
});

const place = z.strictObject({
  label: z.string().describe("As on the command line: docker-daemon:, docker://HOST, a folder."),
  name: z.string(),
  folder: z.string().optional().describe("What was measured; absent where the place was asked."),
  measure: z.enum(["disk", "content", "packed", "tar"]).describe("What sums of this place are made of."),
  bytes: bytes.describe("Sum of the purposes; volumes are beside it."),
  shared: bytes.describe("Of what images need: what several of them share."),
  purposes: z.strictObject({
    images: bytes,
    containers: bytes.describe("What containers have written."),
    orphaned: bytes.describe("Layers that only containers need."),
    cache: bytes.describe("Kept for builds."),
    rest: bytes.describe("What nothing needs, and the place's own records."),
  }),
  images: z.array(image).describe("Largest first."),
  containers: z.array(container),
  volumes: z.array(z.strictObject({ name: z.string(), ...cost })),
  groups: z.array(group).optional().describe("With --by; largest first."),
  parts: z.array(part).describe("Everything that is stored, each once."),
});

const removal = z.strictObject({
  place: z.string().describe("The label of the place."),
  gone: z.array(name),
  kept: z
    .array(z.strictObject({ image: name, names: z.array(z.string()) }))
    .describe("Images that stay for the names that they keep."),
  freed: bytes,
  stays: z.strictObject({ bytes, images: z.array(name), containers: z.array(z.string()) }),
});

const contents = z.strictObject({
  files: count,
  bytes: bytes.describe("Of all files in stored layers; each layer as often as it is stored."),
  distinctFiles: count,
  distinctBytes: bytes.describe("Each content once."),
  copied: z
    .array(z.strictObject({ path: z.string(), bytes: bytes.describe("Of one copy."), copies: count }))
    .describe("Contents of a mebibyte and more that are stored several times; the fifty that cost most."),
  packages: z
    .array(
      z.strictObject({
        kind: z.enum(["python", "dpkg", "apk", "rpm", "conda", "r", "npm"]),
        name: z.string(),
        version: z.string(),
        python: z.string().describe("The Python that it lies under; empty for none."),
        images: count,
        layers: count.describe("Layers that hold files of it, each as often as it is stored."),
        bytes: bytes.describe("All that is stored of it."),
        distinct: bytes.describe("Each content once: what one copy for all costs."),
      }),
    )
    .describe("Packages that cost more than one copy would; the dearest first."),
});

const plan = z.strictObject({
  python: z.string(),
  torches: z.array(z.string()),
  base: z.strictObject({
    name: z.string(),
    isHere: z.boolean().describe("Whether an image of these places is such a base already."),
  }),
  definition: z.array(z.string()).describe("Lines for base.yaml."),
  common: z.array(z.string()).describe("NAME==VERSION of what several of the images have alike."),
  stored: bytes.describe("What is stored of all this today; content."),
  once: bytes.describe("What it costs once, in the base; content."),
  saved: bytes,
  images: z.array(
    z.strictObject({
      place: z.string(),
      image: name,
      torch: z.string(),
      bytes: bytes.describe("What the image brings of what the base has."),
      steps: z.array(
        z.strictObject({
          layer: count.describe("From 0 at the bottom."),
          text: z.string().describe("The step as the history has it."),
          bytes,
          packages: z.array(z.string()).describe("What to leave out of it."),
        }),
      ),
      dockerfile: z.array(z.string()).describe("What to begin the last stage with."),
    }),
  ),
});

/** What `ddiff du --json` writes. */
const duSchema = z
  .strictObject({
    version: z.literal(1),
    places: z.array(place),
    removals: z
      .array(removal)
      .optional()
      .describe("With --remove, for each place that has one of the images."),
    contents: contents
      .optional()
      .describe("What is stored several times; absent where layers would have to be read for it."),
    plans: z.array(plan).describe("Shared bases, the best first."),
    notes: z.array(z.string()).describe("What could not be read, or is not as sure as the rest."),
  })
  .describe("What images cost. Sizes are in bytes.");

/** The report as JSON. */
export type DuJson = z.infer<typeof duSchema>;

/** The schema for others. */
export function duJsonSchema(): unknown {
  return { ...z.toJSONSchema(duSchema, { target: "draft-7" }), title: "Report of ddiff du" };
}
