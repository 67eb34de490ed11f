import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { readableFile } from "../places/image-files/readable-file.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { writeProgram } from "./build-context.ts";
import { baseFolder, program } from "./layout.ts";

/** A project that is linked to a torch of a base. */
export interface LinkedProject {
  readonly project: string;
  readonly base: string;
  readonly torch: string;
  readonly python: string;
  /** Packages of the base that it sees. */
  readonly packages: number;
  /** What `.venv` takes on disk. */
  readonly bytes: number;
  /** What is left to do, a sentence. */
  readonly note: string | null;
}

/** What is wrong with a link, and what mends it. */
export interface LinkFinding {
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
}

const linked = z.object({
  project: z.string(),
  base: z.string(),
  torch: z.string(),
  python: z.string(),
  packages: z.number(),
  bytes: z.number(),
  note: z.string().nullable(),
});
const unlinked = z.object({ project: z.string(), removed: z.boolean(), kept: z.number() });
const checked = z.object({
  project: z.string(),
  findings: z.array(z.object({ code: z.string(), text: z.string(), remedy: z.string() })),
});
const refused = z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() });
const inventory = z.object({
  pythons: z.array(z.object({ executable: z.string().regex(/^\/[^\0]*$/) })).min(1),
});
const state = z.object({ base: z.string() });

/** A base on this machine, whose own program does the work: what is linked in an image and on a bare server is the same. */
export class LocalBase {
  readonly #folder: string;
  readonly #python: string;

  private constructor(folder: string, python: string) {
    this.#folder = folder;
    this.#python = python;
  }

  /**
   * Opens the base in `folder`; where none is said, the one that the project is linked to, or an image's own. Throws `BASE_MISSING` where no
   * base is there, `BASE_BROKEN` where base.json cannot be read.
   */
  static async open(folder: string | undefined, project: string): Promise<LocalBase> {
    const path = resolve(folder ?? (await linkedBase(project)) ?? baseFolder);
    const file = join(path, "base.json");
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (cause) {
      throw new DdiffError("BASE_MISSING", `${path} is no base: ${file} is not there`, {
        hint: "Say where it stands: --base FOLDER or $DDIFF_BASE. `ddiff base build --folder` makes one.",
        cause,
      });
    }
    const found = parse(inventory, text);
    if (found === undefined) throw new DdiffError("BASE_BROKEN", `${file} is not what a base has there`);
    // The first one that is still there: any will do for the program, which asks the right one for the environment.
    for (const { executable } of found.pythons)
      if (await exists(executable)) return new LocalBase(path, executable);
    return new LocalBase(path, "python3");
  }

  /**
   * The same for looking at a link and taking it away, which go without a base: where it is gone, or none is named, the program is written into a
   * temporary folder.
   */
  static async openOrStandIn(
    folder: string | undefined,
    project: string,
    tempDir: () => Promise<string>,
  ): Promise<LocalBase> {
    try {
      return await LocalBase.open(folder, project);
    } catch (error) {
      if (!isDdiffError(error, "BASE_MISSING")) throw error;
      const standIn = join(await tempDir(), "base");
      await writeProgram(join(standIn, "bin"));
      return new LocalBase(standIn, "python3");
    }
  }

  /** Links a project. Throws what the base's program refuses, by its own codes. */
  async link(
    project: string,
    wanted: { version: string | undefined; python: string | undefined; force: boolean },
  ): Promise<LinkedProject> {
    const words = [
      ...(wanted.version === undefined ? [] : [wanted.version]),
      ...(wanted.python === undefined ? [] : ["--python", wanted.python]),
      ...(wanted.force ? ["--force"] : []),
    ];
    return this.#run("link", linked, project, words);
  }

  /** Takes the link away; `kept` counts the packages that were installed into the project itself and stay. */
  async unlink(project: string): Promise<{ project: string; removed: boolean; kept: number }> {
    return this.#run("unlink", unlinked, project, []);
  }

  /** What is wrong with a project's link. */
  async check(project: string): Promise<{ project: string; findings: readonly LinkFinding[] }> {
    return this.#run("check", checked, project, []);
  }

  async #run<T>(
    command: string,
    schema: z.ZodType<T>,
    project: string,
    words: readonly string[],
  ): Promise<T> {
    const args = [join(this.#folder, program), command, "--json", "--project", resolve(project), ...words];
    const { stdout, stderr, failure } = await new Promise<{
      stdout: string;
      stderr: string;
      failure: Error | null;
    }>((done) => {
      execFile(this.#python, args, { maxBuffer: 2 ** 26 }, (failure, stdout, stderr) => {
        done({ stdout, stderr, failure });
      });
    });
    const answer = parse(schema, stdout);
    if (answer !== undefined) return answer;
    const refusal = parse(refused, stderr.trim().split("\n").at(-1) ?? "");
    if (refusal !== undefined)
      throw new DdiffError(
        refusal.code,
        refusal.message,
        refusal.hint === null ? {} : { hint: refusal.hint },
      );
    throw new DdiffError(
      "BASE_BROKEN",
      `the base's program failed: ${stderr.trim().split("\n").at(-1) ?? ""}`,
      {
        hint: `It is ${args[0]}, run by ${this.#python}.`,
        cause: failure,
      },
    );
  }
}

/**
 * The base that a project is linked to, or undefined. One that lies in the project itself counts only where it is named: its program would be
 * run, and it may have come with somebody's files.
 */
async function linkedBase(project: string): Promise<string | undefined> {
  const text = await readableFile(join(project, ".venv/ddiff/link.json"));
  const base = text === undefined ? undefined : parse(state, text.toString())?.base;
  if (base === undefined || !isAbsolute(base)) return undefined;
  const [inside, outside] = await Promise.all([base, project].map(realOrPlain));
  return `${inside}/`.startsWith(`${outside}/`) ? undefined : base;
}

async function realOrPlain(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return realpath(path).then(
    () => true,
    () => false,
  );
}
