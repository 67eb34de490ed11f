import * as z from "zod";

/**
 * A checklist as it is written: container-structure-test's schema 2.0.0 with its own names and defaults, and further tests of the same
 * make. Every scalar arrives here as the text that stands in the file (read-checklist.ts), for a version like `3.10` is no number.
 */

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const name = z.string("must have a text").min(1, "must not be empty");
const texts = z
  .array(z.string("must be a text"), "must be a list")
  .nullish()
  .transform((value) => value ?? []);
const someTexts = z.array(name, "must be a list").min(1, "must not be empty");
const commands = z
  .array(z.array(z.string()).min(1, "must not be empty"), "must be a list of lists")
  .nullish()
  .transform((value) => value ?? []);
const flag = z
  .string()
  .regex(/^(?:true|false|yes|no|on|off|y|n)$/i, "must be true or false")
  .transform((value) => /^(?:true|yes|on|y)$/i.test(value));
const whole = z
  .string()
  .regex(/^-?[0-9]{1,9}$/, "must be a whole number")
  .transform(Number);
const pair = z.strictObject({ key: name, value: text, isRegex: flag.default(false) });
const pairs = z
  .array(pair, "must be a list")
  .nullish()
  .transform((value) => value ?? []);
const manyOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item, "must be a list")
    .nullish()
    .transform((value) => value ?? []);

const commandTest = z.strictObject({
  name,
  setup: commands,
  teardown: commands,
  envVars: pairs,
  exitCode: whole.default(0),
  command: name,
  args: texts,
  expectedOutput: texts,
  excludedOutput: texts,
  expectedError: texts,
  excludedError: texts,
});

const fileExistenceTest = z.strictObject({
  name,
  path: name,
  shouldExist: flag.default(true),
  /** As Go writes modes: `-rwxr-xr-x`, `dtrwxrwxrwx`. */
  permissions: text,
  /** -1: whoever it is. */
  uid: whole.default(-1),
  gid: whole.default(-1),
  isExecutableBy: text,
});

const fileContentTest = z.strictObject({
  name,
  path: name,
  expectedContents: texts,
  excludedContents: texts,
});

const metadataTest = z.strictObject({
  envVars: pairs,
  unboundEnvVars: pairs,
  labels: pairs,
  exposedPorts: texts,
  unexposedPorts: texts,
  volumes: texts,
  unmountedVolumes: texts,
  /** Undefined where nothing is asked; an empty list asks for none. */
  entrypoint: z.array(z.string()).nullish(),
  cmd: z.array(z.string()).nullish(),
  workdir: text,
  user: text,
});

const licenseTest = z.strictObject({ debian: flag.default(false), files: texts });

const runOptions = z.strictObject({
  user: text,
  privileged: flag.default(false),
  allocateTty: flag.default(false),
  envFile: text,
  /** Names of variables that are passed on from the environment. */
  envVars: texts,
  capabilities: texts,
  /** Whether the machine's GPUs are there. */
  gpus: flag.default(false),
  bindMounts: texts,
});

const serviceTest = z.strictObject({
  name,
  /** "": what the image itself starts. */
  command: text,
  args: texts,
  setup: commands,
  envVars: pairs,
  /** "": the image's. */
  user: text,
  port: whole.refine((port) => port > 0 && port < 65_536, "must be a port"),
  path: z.string().startsWith("/", "must begin with /").default("/"),
  /** None: any below 500. */
  expectedStatus: manyOf(whole),
  expectedContents: texts,
  /** Seconds until it must have answered. */
  startWithin: whole.default(60),
});

const importTest = z.strictObject({
  name,
  language: z.enum(["python", "r", "node"], "must be python, r or node"),
  /** The program that imports: `/opt/venv/bin/python3`. */
  interpreter: name,
  modules: someTexts,
  /** Where it runs; for node the folder that holds node_modules. */
  folder: text,
  envVars: pairs,
});

const scriptTest = z.strictObject({ name, scripts: someTexts, envVars: pairs });

const writableTest = z.strictObject({ name, paths: someTexts, user: text });

const ownerTest = z.strictObject({
  name,
  path: name,
  /** Whether all that is below the path counts too. */
  recursive: flag.default(false),
  uid: whole.default(-1),
  gid: whole.default(-1),
  permissions: text,
  /** Paths that may differ. */
  except: texts,
});

const linkTest = z.strictObject({ name, except: texts });

const libraryTest = z.strictObject({
  name,
  /** Libraries that come from outside or are known to be missing: `libcuda.so.1`, or for one file `/usr/bin/x: libfoo.so.1`. */
  except: texts,
});

const uniqueTest = z.strictObject({ name, program: name, copies: whole.default(1) });

/** The whole file. */
export const checklistSchema = z.strictObject({
  schemaVersion: z.literal("2.0.0", "must be 2.0.0 or 1.0.0"),
  globalEnvVars: pairs,
  containerRunOptions: runOptions.nullish().transform((value) => value ?? runOptions.parse({})),
  commandTests: manyOf(commandTest),
  fileExistenceTests: manyOf(fileExistenceTest),
  fileContentTests: manyOf(fileContentTest),
  metadataTest: metadataTest.nullish().transform((value) => value ?? undefined),
  licenseTests: manyOf(licenseTest),
  serviceTests: manyOf(serviceTest),
  importTests: manyOf(importTest),
  scriptTests: manyOf(scriptTest),
  writableTests: manyOf(writableTest),
  ownerTests: manyOf(ownerTest),
  linkTests: manyOf(linkTest),
  libraryTests: manyOf(libraryTest),
  uniqueTests: manyOf(uniqueTest),
});

/** A checklist, every default filled in. */
export type Checklist = z.output<typeof checklistSchema>;
/** A checklist as it may be written, in texts. */
export type WrittenChecklist = z.input<typeof checklistSchema>;
export type CommandTest = Checklist["commandTests"][number];
export type FileExistenceTest = Checklist["fileExistenceTests"][number];
export type FileContentTest = Checklist["fileContentTests"][number];
export type MetadataTest = NonNullable<Checklist["metadataTest"]>;
export type LicenseTest = Checklist["licenseTests"][number];
export type ContainerRunOptions = Checklist["containerRunOptions"];
export type ServiceTest = Checklist["serviceTests"][number];
export type ImportTest = Checklist["importTests"][number];
export type ScriptTest = Checklist["scriptTests"][number];
export type WritableTest = Checklist["writableTests"][number];
export type OwnerTest = Checklist["ownerTests"][number];
export type LinkTest = Checklist["linkTests"][number];
export type LibraryTest = Checklist["libraryTests"][number];
export type UniqueTest = Checklist["uniqueTests"][number];
export type EnvVar = CommandTest["envVars"][number];
