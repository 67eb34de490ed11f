import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import type { Engine } from "./engine.ts";

const kernel = "/proc/sys/fs/binfmt_misc";
/** What Debian's package qemu-user-static brings for systemd to read. */
const description = "/usr/lib/binfmt.d/qemu-aarch64.conf";

/** Lets programs of the engine's architecture run here: by qemu-user-static, where it is another one. */
export async function emulate(engine: Engine): Promise<void> {
  if (engine.arch === "amd64" || process.arch === "arm64" || existsSync(`${kernel}/qemu-aarch64`)) return;
  if (!existsSync(description)) throw new Error("Debian's package qemu-user-static is not installed");
  if (!existsSync(`${kernel}/register`))
    await engine.run("mount", "-t", "binfmt_misc", "binfmt_misc", kernel);
  const line = (await readFile(description, "utf8")).split("\n").find((one) => one.startsWith(":"));
  await writeFile(`${kernel}/register`, line ?? "");
}
