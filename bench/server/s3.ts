/**
 * `npm run bench -- server --s3 [--mib 256]`: the most memory that our server on a bucket takes while many push and pull at once.
 * Needs versitygw, on the PATH or named by DDIFF_TEST_S3. Prints the table and keeps it in docs/benchmarks.md.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { startS3, type TestS3 } from "../../test/support/s3-server.ts";
import { writeSection } from "../document.ts";

const port = 5403;
const url = `http://127.0.0.1:${port}`;
const program = join(import.meta.dirname, "..", "..", "dist", "ddiff.js");
const mebibyte = 2 ** 20;
/** What blobs are made of, over and over; each begins with bytes of its own. Nothing on the way looks for repetitions. */
const material = randomBytes(8 * mebibyte);

interface Row {
  title: string;
  pushes: number;
  pulls: number;
}

const rows: readonly Row[] = [
  { title: "1 push", pushes: 1, pulls: 0 },
  { title: "6 pushes at once", pushes: 6, pulls: 0 },
  { title: "20 pushes at once", pushes: 20, pulls: 0 },
  { title: "20 pulls at once", pushes: 0, pulls: 20 },
  { title: "20 pushes and 20 pulls at once", pushes: 20, pulls: 20 },
];

/** Measures every row with a fresh server and writes the table; `mib` is the size of a blob. */
export async function benchS3(mib: number): Promise<void> {
  const lines: string[] = [];
  for (const row of rows) {
    // A fresh service too, so that the disk holds the blobs of one row only.
    const s3 = await startS3();
    try {
      const { seconds, peak } = await measure(s3, row, mib);
      const rate = (mib * (row.pushes + row.pulls)) / seconds;
      lines.push(`| ${row.title} | ${Math.round(rate)} MiB/s | ${Math.round(peak / 1e6)} MB |`);
      process.stderr.write(`${lines.at(-1)}\n`);
    } finally {
      await s3.stop();
    }
  }
  const table = [
    `| of ${mib} MiB each | all together | most memory of the server |`,
    "|---|---:|---:|",
    ...lines,
    "",
  ].join("\n");
  process.stdout.write(table);
  writeSection("benchmarks.md", "server-s3", [table]);
}

async function measure(s3: TestS3, row: Row, mib: number): Promise<{ seconds: number; peak: number }> {
  const bucket = await s3.makeBucket("registry");
  let known: string | undefined;
  if (row.pulls > 0) {
    const before = await startServer(s3, bucket);
    known = await push(mib);
    await before.stop();
  }
  const server = await startServer(s3, bucket);
  try {
    const before = performance.now();
    await Promise.all([
      ...Array.from({ length: row.pushes }, () => push(mib)),
      ...Array.from({ length: row.pulls }, () => pull(known ?? "", mib)),
    ]);
    return { seconds: (performance.now() - before) / 1000, peak: server.peak() };
  } finally {
    await server.stop();
  }
}

async function startServer(s3: TestS3, bucket: string): Promise<{ peak(): number; stop(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [program, "server", "--quiet", "--log", "text", "--listen", `127.0.0.1:${port}`, "--s3", bucket],
    { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...s3.env } },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (
    let tries = 0;
    !(await fetch(`${url}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ));
    tries++
  ) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`the server does not answer at ${url}`);
    await sleep(100);
  }
  return {
    peak: () =>
      Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Pushes a new blob as docker does, in one stream whose digest is said at its end; answers the digest. */
async function push(mib: number): Promise<string> {
  const begun = await fetch(`${url}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", url);
  const hash = createHash("sha256");
  function* pieces(): Generator<Buffer> {
    const first = randomBytes(64 * 1024);
    for (let left = mib * mebibyte, at = 0; left > 0; at += 64 * 1024) {
      const from = at % material.length;
      const piece = (at === 0 ? first : material.subarray(from, from + 64 * 1024)).subarray(0, left);
      left -= piece.length;
      hash.update(piece);
      yield piece;
    }
  }
  const patch = request(location, {
    method: "PATCH",
    headers: { "Content-Type": "application/octet-stream" },
  });
  const answer = new Promise<number>((resolve, reject) => {
    patch.on("error", reject).on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  Readable.from(pieces(), { objectMode: false }).pipe(patch);
  const status = await answer;
  if (status !== 202) throw new Error(`a push was answered with ${status}`);
  const digest = `sha256:${hash.digest("hex")}`;
  location.searchParams.set("digest", digest);
  const end = await fetch(location, { method: "PUT" });
  if (end.status !== 201) throw new Error(`a push was answered with ${end.status}: ${await end.text()}`);
  return digest;
}

async function pull(digest: string, mib: number): Promise<void> {
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    request(`${url}/v2/app/blobs/${digest}`)
      .on("error", reject)
      .on("response", (response) => {
        response.on("data", (chunk: Buffer) => (size += chunk.length));
        finished(response).then(resolve, reject);
      })
      .end();
  });
  if (size !== mib * mebibyte) throw new Error(`a pull brought ${size} bytes`);
}
