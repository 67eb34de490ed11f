/**
 * `npm run bench -- server [--rounds 5] [--gib 4]`: our registry beside Debian's docker-registry, in turns. The server has the
 * first core, the client the second. Needs docker-registry, curl, wrk and taskset. Prints the table and keeps it in docs/benchmarks.md.
 * `npm run bench -- server --s3 [--mib 256]`: the memory of our server on a bucket (s3.ts).
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSection } from "../document.ts";
import { run } from "../images/command.ts";
import { workPath } from "../images/places.ts";
import { makeCrowd } from "./crowd.ts";
import { contenders, start } from "./registries.ts";
import { benchS3 } from "./s3.ts";
import { serverTable, type Measured } from "./table.ts";
import { type LargeBlob, pushSmall, tasks } from "./tasks.ts";

/** Measures both servers and writes the table. */
export async function benchServers(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      gib: { type: "string", default: "4" },
      s3: { type: "boolean", default: false },
      mib: { type: "string", default: "256" },
    },
  });
  await run(process.execPath, [join(import.meta.dirname, "..", "..", "scripts", "build.ts")], {
    quiet: true,
  });
  if (values.s3) {
    await benchS3(Number(values.mib));
    return;
  }
  const folder = workPath("server");
  rmSync(folder, { recursive: true, force: true });
  const folders = new Map(contenders.map(({ id }) => [id, workPath("server", id)]));
  const measured: Measured[] = [];
  try {
    for (const contender of contenders) makeCrowd(contender, folders.get(contender.id) ?? folder);
    for (let round = 0; round < Number(values.rounds); round++) {
      // Another blob each round: a registry that has it already has nothing to do.
      const blob = largeBlob(join(folder, "blob"), Number(values.gib) * 2 ** 30);
      for (const contender of contenders) {
        const server = await start(contender, folders.get(contender.id) ?? folder);
        try {
          await pushSmall(server.url);
          for (const task of tasks) {
            const cpu = server.cpu();
            const value = await task.run(server.url, blob);
            measured.push({
              contender: contender.id,
              task: task.id,
              value,
              cpu: server.cpu() - cpu,
              peak: server.peak(),
            });
            process.stderr.write(
              `${round + 1} ${contender.id}: ${task.title}: ${value.toFixed(1)} ${task.unit}\n`,
            );
          }
        } finally {
          await server.stop();
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const table = serverTable(contenders, tasks, measured);
  process.stdout.write(`${table}\n`);
  writeSection("benchmarks.md", "server", [table]);
}

/** Random bytes: nothing that a file system or a network could make smaller. */
function largeBlob(file: string, size: number): LargeBlob {
  const hash = createHash("sha256");
  const out = openSync(file, "w");
  for (let at = 0; at < size; at += 1 << 24) {
    const piece = randomBytes(Math.min(1 << 24, size - at));
    hash.update(piece);
    writeSync(out, piece);
  }
  closeSync(out);
  return { file, size, digest: `sha256:${hash.digest("hex")}` };
}
