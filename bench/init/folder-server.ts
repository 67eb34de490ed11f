import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** Files of folders by HTTP on loopback: `url` and the name that a folder was given. */
export interface FolderServer {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  /** Serves a folder below `/name/` from now on. */
  add(name: string, folder: string): void;
  stop(): Promise<void>;
}

/** Listens on a free port. */
export async function serveFolders(): Promise<FolderServer> {
  const folders = new Map<string, string>();
  const server = createServer((request, response) => {
    const [, name = "", ...rest] = normalize(new URL(request.url ?? "/", "http://localhost").pathname).split(
      "/",
    );
    const folder = folders.get(name);
    // The page of a folder, as an index of Python packages has one for each.
    if (rest.at(-1) === "") rest.push("index.html");
    const path = folder === undefined ? undefined : join(folder, ...rest.map(decodeURIComponent));
    void (path === undefined ? Promise.reject(new Error("unknown folder")) : stat(path))
      .then((found) => {
        if (path === undefined || !found.isFile()) throw new Error("no file");
        const type = path.endsWith(".html") ? "text/html" : "application/octet-stream";
        response.writeHead(200, { "content-length": found.size, "content-type": type });
        if (request.method === "HEAD") response.end();
        else createReadStream(path).pipe(response);
      })
      .catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    add: (name, folder) => void folders.set(name, folder),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
