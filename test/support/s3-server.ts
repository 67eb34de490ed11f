import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { findTool, toolMissing } from "./tools.ts";

/** A real S3 service of our own, on a free port of this machine: versitygw, or MinIO. docs/server-s3.md says how to install them. */
export interface TestS3 {
  /** `http://127.0.0.1:PORT`. */
  endpoint: string;
  /** What a server needs to use it: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  env: Record<string, string>;
  /** Makes an empty bucket and answers a store's address of it, with `prefix`. */
  makeBucket(prefix?: string): Promise<string>;
  /** SIGKILL, as a crash of the service. */
  kill(): Promise<void>;
  /** Starts it again on the same port and content. */
  start(): Promise<void>;
  /** Ends it and removes its content. */
  stop(): Promise<void>;
}

/** A sentence when the S3 service is not installed, for `describePlace("s3", s3Missing(), …)`. */
export function s3Missing(): string | undefined {
  return process.env["DDIFF_TEST_S3"] === undefined ? toolMissing("versitygw") : undefined;
}

/** Starts the S3 service: `versitygw` on the PATH, or the program that `DDIFF_TEST_S3` names, which may be a `minio` too. */
export async function startS3(): Promise<TestS3> {
  const program = process.env["DDIFF_TEST_S3"] ?? findTool("versitygw");
  if (program === undefined) throw new Error("versitygw is not installed");
  const folder = await mkdtemp(join(tmpdir(), "ddiff-s3-server-"));
  const port = await freePort();
  const isMinio = basename(program) === "minio";
  const credentials = { accessKeyId: "test-access", secretAccessKey: "test-secret" };
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  let buckets = 0;
  let kill: (() => Promise<void>) | undefined;

  async function start(): Promise<void> {
    const address = `127.0.0.1:${port}`;
    const content = join(folder, "content");
    const argv = isMinio
      ? ["server", "--quiet", "--address", address, content]
      : ["--quiet", "--keep-alive", "--port", address, "posix", content];
    const child = spawn(program as string, argv, {
      stdio: "ignore",
      env: {
        ROOT_ACCESS_KEY: credentials.accessKeyId,
        ROOT_SECRET_KEY: credentials.secretAccessKey,
        MINIO_ROOT_USER: credentials.accessKeyId,
        MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
        HOME: folder,
      },
      cwd: folder,
    });
    const ended = once(child, "exit");
    kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    for (let attempt = 0; !(await answers(client)); attempt++) {
      if (child.exitCode !== null || attempt === 200) throw new Error(`${program} did not start`);
      await sleep(50);
    }
  }

  const stop = async (): Promise<void> => {
    client.destroy();
    await kill?.();
    await rm(folder, { recursive: true, force: true });
  };
  await mkdir(join(folder, "content"));
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    env: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async makeBucket(prefix = "") {
      const Bucket = `bucket-${++buckets}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return `s3://${Bucket}/${prefix}?endpoint=${endpoint}`;
    },
    async kill() {
      await kill?.();
    },
    start,
    stop,
  };
}

async function answers(client: S3Client): Promise<boolean> {
  try {
    await client.send(new ListBucketsCommand({}));
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
