/**
 * `npm run bench -- [--only a,e] [--peers ddiff,zstd] [--cached]` measures pairs of images; `npm run bench -- NAME` one of the subjects below.
 * Each prints its tables and keeps them in docs/.
 */
const subjects: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  /** The registry, `[--rounds N]`. */
  server: async (args) => (await import("./server/main.ts")).benchServers(args),
  /** The linter beside its peers. */
  lint: async (args) => (await import("./lint/main.ts")).benchLint(args),
  /** Whose the files of an image are, `[IMAGE ...]`. */
  attribution: async (args) => (await import("./inspect/attribution.ts")).benchAttribution(args),
  /** What is planted in images that are bad on purpose. */
  waste: async () => (await import("./inspect/waste.ts")).benchWaste(),
  /** The time of analyze beside dive's. */
  analyze: async () => (await import("./shrink/speed.ts")).benchAnalyze(),
  /** What slim images of a team have in common. */
  sharing: async () => (await import("./shrink/sharing.ts")).benchSharing(),
  /** A team's images over one of them. */
  rebase: async () => (await import("./shrink/rebase.ts")).benchRebase(),
  /** One bad image, smaller step by step. */
  shrink: async () => (await import("./shrink/story.ts")).benchStory(),
  /** What a base with several torches costs, `[INDEX]`, and with CUDA's wheels, `cuda`. */
  base: async (args) => (await import("./base/main.ts")).benchBase(args),
  /** How big the images of `ddiff init` are, `SEED [amd64] [arm64]`. */
  init: async (args) => (await import("./init/size/main.ts")).benchInitSizes(args),
  /** Which builders' layers are packed again bit for bit, `[WORD ...]`. */
  exact: async (args) => (await import("./exact/matrix.ts")).benchExact(args),
  /** The speed of exact encoders beside the programs whose bytes they give. */
  "exact-speed": async () => (await import("./exact/speed.ts")).benchExactSpeed(),
  /** What twelve images cost in Docker, and how long it takes to know. */
  du: async () => (await import("./du/main.ts")).benchDu(),
  /** What linked projects take beside plain installations. */
  share: async () => (await import("./share/main.ts")).benchShare(),
};

const args = process.argv.slice(2);
const subject = subjects[args[0] ?? ""];
if (subject === undefined) await (await import("./bench-pairs.ts")).benchPairs(args);
else await subject(args.slice(1));

export {};
