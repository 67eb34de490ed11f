import * as z from "zod";

// What is written here ends up in a Dockerfile and in shell commands: no text may end a line or a word there.
const minor = z.string().regex(/^3\.\d{1,2}$/, "must be a version such as 3.12");
const release = z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/, "must be a version such as 2.5.1");
const requirement = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._,-]+\])?(?:(?:[<>=!~]=|[<>])[A-Za-z0-9.*+!]+(?:,(?:[<>=!~]=|[<>])[A-Za-z0-9.*+!]+)*)?$/,
    "must be a Python package with or without versions, such as numpy or numpy>=2,<3",
  );
const aptPackage = z
  .string()
  .max(200)
  .regex(
    /^[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+:~-]+)?$/,
    "must be a system package with or without a version, such as git or git=1:2.39.2",
  );
const address = z
  .string()
  .max(1000)
  .regex(/^https?:\/\/[A-Za-z0-9._~:/?#@!&*+,;=%-]+$/, "must be an address that begins with https://")
  .refine((value) => !/^https?:\/\/[^/]*@/.test(value), {
    error: "must have no password: it would stand in the image. Builds take ~/.netrc as a secret",
  });
const list = <Item extends z.ZodType>(item: Item, most: number) => z.array(item, "must be a list").max(most);

const torch = z.strictObject(
  {
    version: release.describe("2.5.1"),
    cuda: z
      .string()
      .regex(/^\d{1,2}\.\d{1,2}$/, "must be a version such as 12.6")
      .optional()
      .describe("CUDA of its wheels, where it is not the one nearest to the base's."),
    torchvision: z
      .union([release, z.literal("none")])
      .optional()
      .describe("Where it is not the one that goes with this torch; none for none."),
    torchaudio: z
      .union([release, z.literal("none")])
      .optional()
      .describe("Where it is not the one that goes with this torch; none for none."),
    "flash-attn": z
      .record(minor, address)
      .optional()
      .describe("A wheel of flash-attn by Python: it has to be built for this torch and its CUDA."),
    packages: list(requirement, 100)
      .optional()
      .describe("More that has to be built for this torch: xformers==0.0.28.post3."),
  },
  "must be a version, or a map with version",
);

const definition = z.strictObject({
  version: z.literal("1", "must be 1").describe("Of this file's form."),
  name: z
    .string()
    .max(200)
    .regex(
      /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?::\d{1,5}(?=\/))?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
      "must be a name for images, such as ddiff-base or ghcr.io/lab/base",
    )
    .default("ddiff-base")
    .describe("The image's name; tags are made."),
  os: z.string().regex(/^[a-z]+\d[\d.]*$/, "must be a release such as ubuntu22.04 or debian12"),
  cuda: z
    .string()
    .regex(
      /^(?:cpu|\d{1,2}\.\d{1,2}\.\d{1,2})$/,
      "must be a version with its point release, such as 12.4.1, or cpu",
    )
    .describe("CUDA of the image, 12.4.1; or cpu."),
  image: z
    .enum(["base", "runtime", "devel", "cudnn-runtime", "cudnn-devel"])
    .default("cudnn-devel")
    .describe(
      "How much of CUDA the system has, beside what torch brings itself: devel has the compiler for extensions.",
    ),
  python: list(minor, 10).min(1, "must name one").describe("Each torch is there for each of them."),
  torch: list(z.union([release.transform((version) => ({ version })), torch]), 30)
    .min(1, "must name one")
    .describe("Each in an environment of its own."),
  capabilities: list(
    z.string().regex(/^\d{1,2}\.\d[a-z]?(?:\+PTX)?$/, "must be a compute capability such as 8.6 or 9.0+PTX"),
    30,
  )
    .default([])
    .describe(
      "GPUs that extensions are compiled for (TORCH_CUDA_ARCH_LIST); each torch must have code for them.",
    ),
  packages: list(requirement, 500).default([]).describe("Python packages that every environment sees."),
  system: list(aptPackage, 500).default([]).describe("What apt installs."),
  profiler: aptPackage.optional().describe("nsight-systems-2024.6.2, from NVIDIA's repository."),
  user: z
    .union([
      z.literal("root"),
      z.strictObject({
        name: z.string().regex(/^[a-z_][a-z0-9_-]{0,30}$/, "must be a user's name"),
        id: z
          .string()
          .regex(/^[1-9]\d{0,5}$/, "must be a number above 0")
          .transform(Number),
      }),
    ])
    .prefault({ name: "dev", id: "1000" })
    .describe("Who commands run as; root for root."),
  indexes: z
    .strictObject({
      pypi: address.default("https://pypi.org/simple").describe("Where packages come from."),
      torch: address
        .default("https://download.pytorch.org/whl")
        .describe("The folder with an index for each CUDA (cu124) and for cpu."),
    })
    .prefault({}),
});

/** What a base is to hold, as `base.yaml` says it. */
export type Definition = z.output<typeof definition>;

/** One of its torches. */
export type WantedTorch = z.output<typeof torch>;

/** The form of `base.yaml`; scalars are texts (3.10 is no number). */
export const definitionSchema = definition;

/** The form for editors, which take `3.10` for a number: what may be a number's text may be a number there. */
export function definitionJsonSchema(): unknown {
  const schema = withNumbers(z.toJSONSchema(definition, { io: "input", target: "draft-2020-12" }));
  return { ...(schema as object), title: "A shared base image: base.yaml of ddiff base" };
}

function withNumbers(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withNumbers);
  if (typeof schema !== "object" || schema === null) return schema;
  const made = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withNumbers(value)]));
  const { type, pattern, const: only } = made;
  if (type !== "string") return made;
  if (typeof only === "string" && /^\d+$/.test(only)) {
    const { type: _, const: __, ...rest } = made;
    return { ...rest, enum: [only, Number(only)] };
  }
  const takesNumbers =
    typeof pattern === "string" &&
    ["3.12", "12.6", "8.6", "1000"].some((text) => new RegExp(pattern).test(text));
  return takesNumbers ? { ...made, type: ["string", "number"] } : made;
}
