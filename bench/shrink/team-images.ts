import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, debianBase, exportLayout } from "../images/builder.ts";
import { workFolder, workPath } from "../images/places.ts";

/** Applications of one team: the same torch, other packages beside it, written by three people. */
export const team = ["api", "train", "worker"] as const;

/** The layout of one of them, tagged with its name, built from nothing when it is not there yet: what is installed has that day's times. */
export async function teamImage(name: (typeof team)[number]): Promise<string> {
  const folder = join(workFolder, "team", name);
  if (existsSync(folder)) return folder;
  process.stderr.write(`building ${name}\n`);
  await debianBase("bad-debian", "bookworm", ["updates", "security"]);
  const context = workPath("contexts", "team");
  for (const file of ["app.py", "serve.py"])
    cpSync(join(import.meta.dirname, "..", "images", "bad", file), join(context, file));
  const dockerfile = readFileSync(join(import.meta.dirname, "team", `${name}.Dockerfile`), "utf8");
  await build({ tag: `team-${name}`, context, dockerfile, pip: true });
  const partial = workPath("team", `${name}.partial`);
  rmSync(partial, { recursive: true, force: true });
  await exportLayout(`team-${name}`, workPath("team", `${name}.partial`), name);
  renameSync(partial, folder);
  return folder;
}
