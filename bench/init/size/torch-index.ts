import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engine.ts";

/**
 * Makes what stands in for PyTorch's index of builds for CPUs, and answers its folder. For x86_64 it has one wheel, made of PyPI's, which
 * is the build for CUDA. For arm64 it has nothing, as PyPI's own wheel of that version is the one for CPUs.
 */
export async function makeTorchIndex(engine: Engine, requirements: string): Promise<string> {
  const index = join(engine.folder, "index");
  const page = join(index, "torch");
  await mkdir(page, { recursive: true });
  if (engine.arch === "arm64") return index;
  const wanted = (await readFile(requirements, "utf8"))
    .split("\n")
    .find((line) => line.startsWith("torch=="));
  if (wanted === undefined) throw new Error(`${requirements} does not pin torch`);
  const downloaded = join(engine.folder, "wheels");
  const tags = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.13", "--only-binary", ":all:"];
  await engine.run("python3", "-m", "pip", "download", "-q", "--no-deps", ...tags, "-d", downloaded, wanted);
  const [wheel = ""] = await readdir(downloaded);
  await engine.run("python3", join(import.meta.dirname, "cpu_wheel.py"), join(downloaded, wheel), page);
  await rm(downloaded, { recursive: true });
  const [made = ""] = await readdir(page);
  await writeFile(join(page, "index.html"), `<a href="${encodeURIComponent(made)}">${made}</a>\n`);
  return index;
}
