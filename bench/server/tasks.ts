import { spawn } from "node:child_process";
import { configDigest, config, manifest, manifestType } from "./crowd.ts";

/** The blob that is pushed and pulled. */
export interface LargeBlob {
  file: string;
  digest: string;
  size: number;
}

/** What is measured: more is better. */
export interface Task {
  id: string;
  title: string;
  unit: string;
  run(url: string, blob: LargeBlob): Promise<number>;
}

const mebibyte = 2 ** 20;

/** Runs a shell script on the second core and answers what it printed. */
async function client(script: string): Promise<string> {
  const child = spawn("taskset", ["-c", "1", "bash", "-euo", "pipefail", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status !== 0) throw new Error(`failed with status ${status}: ${script}`);
  return output;
}

/** The seconds of a script by the clock. */
async function timed(script: string): Promise<number> {
  const before = performance.now();
  await client(script);
  return (performance.now() - before) / 1000;
}

/** Requests per second, by wrk with 16 connections for 8 seconds. */
async function rate(url: string): Promise<number> {
  const output = await client(`wrk -t1 -c16 -d8s -H 'Accept: ${manifestType}' '${url}'`);
  if (output.includes("Non-2xx")) throw new Error(`${url} does not answer 200:\n${output}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
}

/** Follows a list to its end; answers how many pages a second. */
async function pages(first: string): Promise<number> {
  const before = performance.now();
  let next: string | undefined = first;
  let count = 0;
  while (next !== undefined) {
    const answer: Response = await fetch(next);
    if (!answer.ok) throw new Error(`${next} answers ${answer.status}`);
    await answer.arrayBuffer();
    count++;
    const link = /<([^>]+)>/.exec(answer.headers.get("link") ?? "")?.[1];
    next = link === undefined ? undefined : new URL(link, next).href;
  }
  return (1000 * count) / (performance.now() - before);
}

/** Puts the small image into `small:1`, once. */
export async function pushSmall(url: string): Promise<void> {
  const begun = await fetch(`${url}/v2/small/blobs/uploads/`, { method: "POST" });
  const at = new URL(begun.headers.get("location") ?? "", url);
  at.searchParams.set("digest", configDigest);
  await ok(
    fetch(at, { method: "PUT", body: config, headers: { "content-type": "application/octet-stream" } }),
  );
  await ok(putManifest(`${url}/v2/small/manifests/1`));
}

function putManifest(url: string): Promise<Response> {
  return fetch(url, { method: "PUT", body: manifest, headers: { "content-type": manifestType } });
}

async function ok(answer: Promise<Response>): Promise<void> {
  const { status, url } = await answer;
  if (status >= 300) throw new Error(`${url} answers ${status}`);
}

export const tasks: readonly Task[] = [
  {
    id: "push",
    title: "push of one 4 GiB blob, on disk when answered",
    unit: "MiB/s",
    async run(url, { file, digest, size }) {
      const begun = await fetch(`${url}/v2/large/blobs/uploads/`, { method: "POST" });
      const at = new URL(begun.headers.get("location") ?? "", url);
      at.searchParams.set("digest", digest);
      const type = "Content-Type: application/octet-stream";
      const seconds = await timed(`curl -sf -o /dev/null -H 'Expect:' -H '${type}' -T ${file} '${at.href}'`);
      return size / mebibyte / seconds;
    },
  },
  {
    id: "pull",
    title: "pull of it",
    unit: "MiB/s",
    async run(url, { digest, size }) {
      return size / mebibyte / (await timed(`curl -sf -o /dev/null '${url}/v2/large/blobs/${digest}'`));
    },
  },
  {
    id: "ranges",
    title: "16 ranges of it at once",
    unit: "MiB/s",
    async run(url, { digest, size }) {
      const step = size / 16;
      const one = (i: number): string =>
        `curl -sf -o /dev/null -r ${i * step}-${(i + 1) * step - 1} '${url}/v2/large/blobs/${digest}' &`;
      const all = Array.from({ length: 16 }, (_, i) => one(i)).join("\n");
      return size / mebibyte / (await timed(`${all}\nwait`));
    },
  },
  {
    id: "manifests",
    title: "small manifest by tag, 16 connections",
    unit: "/s",
    run: (url) => rate(`${url}/v2/small/manifests/1`),
  },
  {
    id: "manifest-pushes",
    title: "push of a small manifest to new tags, one after the other",
    unit: "/s",
    async run(url) {
      const count = 200;
      const mark = Date.now().toString(36);
      const before = performance.now();
      for (let i = 0; i < count; i++) await ok(putManifest(`${url}/v2/small/manifests/t-${mark}-${i}`));
      return (1000 * count) / (performance.now() - before);
    },
  },
  {
    id: "catalog",
    title: "catalog of 10,000 repositories, pages of 100",
    unit: "pages/s",
    run: (url) => pages(`${url}/v2/_catalog?n=100`),
  },
  {
    id: "tags",
    title: "100,000 tags of one repository, pages of 1,000",
    unit: "pages/s",
    run: (url) => pages(`${url}/v2/crowded/tags/list?n=1000`),
  },
];
