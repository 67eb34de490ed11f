import { spawn } from "node:child_process";

/** Runs a program with its output on our stderr (or swallowed with `quiet`); rejects when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; quiet?: boolean } = {},
): Promise<void> {
  const output: string[] = [];
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output.push(text);
      if (options.quiet !== true) process.stderr.write(text);
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status === 0) return;
  const tail = output.join("").slice(-2000);
  throw new Error(`${command} ${args.slice(0, 4).join(" ")} … failed with status ${status}:\n${tail}`);
}
