import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../test/support/run.ts";

/**
 * Makes builds of torch for CPUs out of PyPI's, which are for CUDA, as an index of Python packages in `folder`. What is there from an earlier run is
 * taken as it is.
 */
export async function makeCpuTorches(folder: string, versions: readonly string[]): Promise<void> {
  const page = join(folder, "torch");
  const downloads = join(folder, "..", "downloads");
  await mkdir(page, { recursive: true });
  for (const version of versions) {
    if ((await readdir(page)).some((name) => name.startsWith(`torch-${version}+cpu-`))) continue;
    await rm(downloads, { recursive: true, force: true });
    console.log(`making torch ${version} for CPUs`);
    await python("-m", "pip", "download", "-q", "--no-deps", "-d", downloads, `torch==${version}`);
    const [wheel = ""] = await readdir(downloads);
    const script = join(import.meta.dirname, "../init/size/cpu_wheel.py");
    await python(script, join(downloads, wheel), join(downloads, "made"));
    const [made = ""] = await readdir(join(downloads, "made"));
    await rename(join(downloads, "made", made), join(page, made));
    await rm(downloads, { recursive: true });
  }
  const wheels = (await readdir(page)).filter((name) => name.endsWith(".whl"));
  const links = wheels.map((name) => `<a href="${encodeURIComponent(name)}">${name}</a>`);
  await writeFile(
    join(page, "index.html"),
    `<!DOCTYPE html>\n<html><body>${links.join("<br>")}</body></html>\n`,
  );
}

async function python(...words: string[]): Promise<void> {
  const { status, stderr } = await run("python3", words);
  if (status !== 0) throw new Error(`python3 ${words.join(" ")}: ${stderr}`);
}
