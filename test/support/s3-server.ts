import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findTool, toolMissing } from "./tools.ts";

/** A real S3 service of our own, versitygw on a folder, on a free port of this machine. docs/server-s3.md says how to install it. */
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

/** Starts the S3 service: `versitygw` on the PATH, or the file that `DDIFF_TEST_S3` names. */
export async function startS3(): Promise<TestS3> {
  const program = process.env["DDIFF_TEST_S3"] ?? findTool("versitygw");
  if (program === undefined) throw new Error("versitygw is not installed");
  const folder = await mkdtemp(join(tmpdir(), "ddiff-s3-server-"));
  const port = await freePort();
  const credentials = { access: "test-access", secret: "test-secret" };
  let buckets = 0;
  let kill = async (): Promise<void> => {};

  async function start(): Promise<void> {
    const listen = ["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`];
    const child = spawn(program as string, [...listen, "posix", join(folder, "content")], {
      stdio: "ignore",
      env: { ROOT_ACCESS_KEY: credentials.access, ROOT_SECRET_KEY: credentials.secret },
      cwd: folder,
    });
    const ended = once(child, "exit");
    kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    for (let attempt = 0; !(await accepts(port)); attempt++) {
      if (child.exitCode !== null || attempt === 200) throw new Error("versitygw did not start");
      await sleep(50);
    }
  }

  const stop = async (): Promise<void> => {
    await kill();
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
    endpoint: `http://127.0.0.1:${port}`,
    env: { AWS_ACCESS_KEY_ID: credentials.access, AWS_SECRET_ACCESS_KEY: credentials.secret },
    async makeBucket(prefix = "") {
      const bucket = `bucket-${++buckets}`;
      // A folder is a bucket there.
      await mkdir(join(folder, "content", bucket));
      return `s3://${bucket}/${prefix}?endpoint=http://127.0.0.1:${port}`;
    },
    kill: () => kill(),
    start,
    stop,
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
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
