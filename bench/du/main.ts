import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSection } from "../document.ts";
import { startServer } from "./server.ts";

const program = join(import.meta.dirname, "../../src/main.ts");
const rounds = 5;

/**
 * How long `ddiff du` takes on a server with twelve images, beside `docker system df -v`, and what it says, written into docs/du.md. Needs root,
 * dockerd, mmdebstrap and gcc, and about 15 GB for a while.
 */
export async function benchDu(): Promise<void> {
  const engine = await startServer();
  const cache = await mkdtemp(join(tmpdir(), "ddiff-du-bench-"));
  const env = { ...process.env, ...engine.env, DDIFF_CACHE_DIR: cache };
  try {
    const rows = [
      ["`docker system df -v`", usual(["docker", "system", "df", "-v"], env)],
      ["`ddiff du`, layers not looked into", usual(du("--quiet"), env)],
      ["`ddiff du --files`, the first time", timed(du("--files", "--quiet"), env).seconds],
      ["`ddiff du`, later, with packages and files", usual(du("--quiet"), env)],
    ] as const;
    const table = [
      "| | seconds |",
      "|---|---:|",
      ...rows.map(([what, seconds]) => `| ${what} | ${seconds.toFixed(1)} |`),
    ];
    const said = timed(du("--by", "label=owner"), env).text.replaceAll(
      join(engine.folder, "data"),
      "/var/lib/docker",
    );
    const docker = timed(["docker", "system", "df"], env).text;
    writeSection("du.md", "server", [
      table.join("\n"),
      `\`\`\`\n$ ddiff du --by label=owner docker-daemon:\n${said.trimEnd()}\n\`\`\``,
      `\`\`\`\n$ docker system df\n${docker.trimEnd()}\n\`\`\``,
    ]);
    console.log([...table, said, docker].join("\n"));
  } finally {
    await engine.stop();
    await rm(cache, { recursive: true, force: true });
  }
}

function du(...args: string[]): string[] {
  return [process.execPath, program, "du", ...args, "docker-daemon:"];
}

/** Runs a command; its output, and how long it took, in seconds. */
function timed(
  [command = "", ...args]: readonly string[],
  env: Record<string, string | undefined>,
): { text: string; seconds: number } {
  const begun = performance.now();
  const { stdout, stderr, status } = spawnSync(command, args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return { text: stdout, seconds: (performance.now() - begun) / 1000 };
}

/** The median of several runs. */
function usual(command: readonly string[], env: Record<string, string | undefined>): number {
  const seconds = Array.from({ length: rounds }, () => timed(command, env).seconds);
  return seconds.sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0;
}
