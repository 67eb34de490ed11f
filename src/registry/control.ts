import { chmod, mkdir, open, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import { join } from "node:path";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";

/** Work that a running server does when its keeper asks: the store is its own while it runs. */
export type Chores = Record<string, (words: URLSearchParams, signal: AbortSignal) => Promise<unknown>>;

const socketName = "control.sock";

/**
 * Listens on a socket in the store's folder, which only its owner may use, and does the chores that are asked for there. Throws what
 * the file system throws.
 */
export async function serveControl(folder: string, chores: Chores): Promise<{ close(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const directory = await open(folder, "r");
  const path = shortPath(directory.fd);
  // A server that was killed left it; one that lives would have the store, and we would not be here.
  await rm(join(folder, socketName), { force: true });
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const url = new URL(request.url ?? "/", "http://control");
    const chore = chores[url.pathname.slice(1)];
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
      response.end(JSON.stringify(body));
    };
    if (request.method !== "POST" || chore === undefined) {
      answer(404, { code: "UNKNOWN", message: "there is no such work" });
      return;
    }
    chore(url.searchParams, gone.signal).then(
      (result) => answer(200, result ?? {}),
      (error: unknown) => answer(500, describeError(error)),
    );
  });
  // The permissions that a socket is made with cannot be chosen in Node; the folder is its owner's alone, too.
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(join(folder, socketName), 0o600);
  return {
    async close() {
      await closed(server);
      await rm(join(folder, socketName), { force: true });
      await directory.close();
    },
  };
}

/**
 * Asks the server that has this folder for a piece of work, and waits for its result. Undefined where no server runs there. Throws what
 * the server threw.
 */
export async function askControl(
  folder: string,
  chore: string,
  words: Record<string, string>,
  signal?: AbortSignal,
): Promise<unknown> {
  let directory;
  try {
    directory = await open(folder, "r");
  } catch {
    return undefined;
  }
  try {
    return await new Promise((resolve, reject) => {
      const request = httpRequest({
        socketPath: shortPath(directory.fd),
        path: `/${chore}?${new URLSearchParams(words).toString()}`,
        method: "POST",
        ...(signal === undefined ? {} : { signal }),
      });
      request.on("error", (error) => {
        const code = systemErrorCode(error);
        if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
        else
          reject(
            new DdiffError("CONTROL_FAILED", `the server at ${folder} cannot be asked: ${messageOf(error)}`, {
              hint: "Ask as the user that the server runs as.",
              cause: error,
            }),
          );
      });
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          try {
            const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
            if (response.statusCode === 200) resolve(body);
            else reject(errorOf(body));
          } catch (cause) {
            reject(new DdiffError("CONTROL_FAILED", `the server at ${folder} went away`, { cause }));
          }
        });
      });
      request.end();
    });
  } finally {
    await directory.close();
  }
}

/** The path of a socket has at most 107 bytes, and that of a folder may have more: so it is named by the open folder. */
function shortPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}/${socketName}`;
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof DdiffError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "CONTROL_FAILED", message: messageOf(error) };
}

function errorOf(body: unknown): DdiffError {
  const { code, message, hint } = body as { code?: unknown; message?: unknown; hint?: unknown };
  return new DdiffError(String(code), String(message), typeof hint === "string" ? { hint } : {});
}
