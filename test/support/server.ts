import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { repository } from "./run.ts";

/** A `ddiff server` of our own. */
export interface TestServer {
  /** `http://127.0.0.1:41234` */
  url: string;
  /** `127.0.0.1:41234` */
  host: string;
  child: ChildProcess;
  /** What it wrote to its log so far. */
  log(): string;
  /** Ends it with a signal and answers how it ended. */
  stop(signal?: NodeJS.Signals): Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts `ddiff server` from its source, on a free port where `args` name none, and waits until it listens. `through` is a program that
 * becomes the server, with its arguments: `prlimit --nofile=128`.
 */
export async function startServer(
  args: readonly string[],
  env: Record<string, string> = {},
  through: readonly string[] = [],
): Promise<TestServer> {
  const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const [program = process.execPath, ...words] = [
    ...through,
    process.execPath,
    join(repository, "src", "main.ts"),
    "server",
    "--log",
    "json",
    ...listen,
    ...args,
  ];
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("DDIFF_")),
  );
  const child = spawn(program, words, {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...clean, ...env },
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (status, signal) => resolve({ status, signal }));
  });
  const url = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /"message":"the registry listens","url":"([^"]+)"/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stderr.on("data", look);
    void ended.then(() => reject(new Error(`the server did not start: ${text}`)));
  });
  return {
    url,
    host: new URL(url).host,
    child,
    log: () => text,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return await ended;
    },
  };
}

/** A port that was free a moment ago, for servers that must know their address before they start. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
