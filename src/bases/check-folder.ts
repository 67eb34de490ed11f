import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { DdiffError, messageOf } from "../util/errors.ts";
import { type NamedTorch, titleOfTorch, torchTrial } from "./checks.ts";

/** What became of one torch. */
interface TriedTorch {
  readonly name: string;
  readonly passed: boolean;
  /** The end of what it said. */
  readonly output: string;
}

const contents = z.object({
  pythons: z.array(
    z.object({
      version: z.string(),
      torch: z.array(z.object({ version: z.string(), cuda: z.string().nullable() })),
    }),
  ),
});

/** The torches of a base in a folder, by its base.json. Throws `BASE_MISSING`. */
async function torchesOf(folder: string): Promise<NamedTorch[]> {
  try {
    const { pythons } = contents.parse(JSON.parse(await readFile(join(folder, "base.json"), "utf8")));
    return pythons.flatMap(({ version: python, torch }) =>
      torch.map(({ version, cuda }) => ({ python, torch: withBuild(version, cuda) })),
    );
  } catch (cause) {
    throw new DdiffError(
      "BASE_MISSING",
      `${folder} is no base: ${messageOf(cause).split("\n", 1)[0] ?? ""}`,
      {
        hint: 'Make one with "ddiff base build --folder".',
        cause,
      },
    );
  }
}

/** PyPI's wheels do not say their CUDA in their version. */
function withBuild(version: string, cuda: string | null): string {
  if (version.includes("+") || cuda === null) return version;
  return `${version}+cu${cuda.replace(".", "")}`;
}

/** Tries each torch of a base in a folder, in a project of its own in the folder for temporary files. Throws `BASE_MISSING`. */
export async function checkFolder(
  folder: string,
  { seconds, signal }: { readonly seconds: number; readonly signal?: AbortSignal | undefined },
): Promise<TriedTorch[]> {
  const tried: TriedTorch[] = [];
  for (const torch of await torchesOf(folder)) {
    const name = titleOfTorch(torch);
    try {
      const { stdout, stderr } = await promisify(execFile)(
        "python3",
        torchTrial(torch, join(folder, "bin")),
        {
          timeout: seconds * 1000,
          maxBuffer: 16 << 20,
          ...(signal === undefined ? {} : { signal }),
        },
      );
      tried.push({ name, passed: true, output: endOf(`${stdout}${stderr}`) });
    } catch (error) {
      signal?.throwIfAborted();
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      tried.push({ name, passed: false, output: endOf(`${stdout}${stderr}`) || messageOf(error) });
    }
  }
  return tried;
}

function endOf(output: string): string {
  return output.trim().split("\n").slice(-8).join("\n");
}
