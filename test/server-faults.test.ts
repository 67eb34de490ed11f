import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { describePlace, findTool, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const megabyte = 1 << 20;
const prlimit = findTool("prlimit") ?? "";

describePlace("server-faults", firstMissing(notRoot(), toolMissing("mount"), toolMissing("prlimit")), () => {
  let folder = "";
  let disk = "";
  let server: TestServer | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ddiff-faults-"));
    disk = join(folder, "disk");
    mkdirSync(disk);
  });
  afterEach(async () => {
    await server?.stop("SIGKILL");
    server = undefined;
    for (let tries = 0; isMounted(disk) && tries < 20; tries += 1) {
      try {
        execFileSync("umount", [disk], { stdio: "ignore" });
      } catch {
        await sleep(100);
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<string> {
    server = await startServer(["--data", join(disk, "data")]);
    return server.url;
  }

  it("a full disk is 507 to who pushes and nothing to who pulls, until there is room", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "ddiff-test", disk]);
    const base = await start();
    const kept = randomBytes(2 * megabyte);
    expect(await push(base, kept)).toBe(201);
    expect(await tag(base, "kept", [kept])).toBe(201);
    const large = randomBytes(16 * megabyte);
    expect(await push(base, large)).toBe(507);
    // A push that did not fit leaves nothing of itself behind.
    expect(await push(base, randomBytes(6 * megabyte))).toBe(201);
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const at = `${base}${begun.headers.get("location")}`;
    const patch = await fetch(at, { method: "PATCH", body: new Uint8Array(large) });
    expect([patch.status, await patch.json()]).toEqual([
      507,
      { errors: [{ code: "UNKNOWN", message: expect.stringContaining("full") }] },
    ]);
    expect(await tag(base, "late", [kept])).toBe(507);
    expect(await pull(base, kept)).toBe(true);
    expect((await fetch(`${base}/v2/app/manifests/kept`)).status).toBe(200);
    expect(await (await fetch(`${base}/v2/app/tags/list`)).json()).toEqual({ name: "app", tags: ["kept"] });
    expect((await fetch(at, { method: "DELETE" })).status).toBe(204);
    expect(await tag(base, "late", [kept])).toBe(201);
  });

  it("a disk that takes no writes any more still gives what it has, and takes more when it does again", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "ddiff-test", disk]);
    const base = await start();
    const kept = randomBytes(2 * megabyte);
    await push(base, kept);
    expect(await tag(base, "kept", [kept])).toBe(201);
    // What was pushed long ago is touched when a client asks for it, so that a collection leaves it: that cannot be now.
    execFileSync("find", [join(disk, "data"), "-type", "f", "-exec", "touch", "-d", "3 days ago", "{}", "+"]);
    execFileSync("mount", ["-o", "remount,ro", disk]);
    expect(await pull(base, kept)).toBe(true);
    const digest = digestOf(manifestOf([kept]));
    for (const path of [
      `blobs/${digestOf(kept)}`,
      "manifests/kept",
      `manifests/${digest}`,
      "tags/list",
      `referrers/${digest}`,
    ]) {
      for (const method of path.startsWith("blobs") || path.startsWith("manifests")
        ? ["GET", "HEAD"]
        : ["GET"]) {
        const reply = await fetch(`${base}/v2/app/${path}`, { method });
        expect([method, path, reply.status]).toEqual([method, path, 200]);
        await reply.arrayBuffer();
      }
    }
    const refused = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    expect([refused.status, Object.keys((await refused.json()) as object)]).toEqual([500, ["errors"]]);
    expect(await tag(base, "late", [kept])).toBe(500);
    const gone = await fetch(`${base}/v2/app/manifests/kept`, { method: "DELETE" });
    expect(gone.status).toBe(500);
    expect(await (await fetch(`${base}/v2/app/tags/list`)).json()).toEqual({ name: "app", tags: ["kept"] });
    execFileSync("mount", ["-o", "remount,rw", disk]);
    expect(await tag(base, "late", [kept])).toBe(201);
    expect(await push(base, randomBytes(megabyte))).toBe(201);
  });

  it("a disk whose sectors cannot be read fails what lies there, and says so in the log", async ({
    skip,
  }) => {
    const image = join(folder, "image");
    writeFileSync(image, "");
    truncateSync(image, 64 * megabyte);
    execFileSync(findTool("mkfs.ext4") ?? "mkfs.ext4", ["-q", "-F", image]);
    try {
      execFileSync("mount", ["-o", "loop", image, disk], { stdio: "pipe" });
    } catch {
      skip("there is no loop device here");
    }
    let base = await start();
    const lost = randomBytes(24 * megabyte);
    expect(await push(base, lost)).toBe(201);
    expect(await tag(base, "lost", [lost])).toBe(201);
    await server?.stop();
    // Mounted anew nothing of it is in memory, and the disk ends before the blob does.
    execFileSync("umount", [disk]);
    execFileSync("mount", ["-o", "loop", image, disk]);
    base = await start();
    expect((await fetch(`${base}/v2/app/tags/list`)).status).toBe(200);
    truncateSync(image, Math.floor(statSync(image).size / 5));
    let ended = "whole";
    try {
      const reply = await fetch(`${base}/v2/app/blobs/${digestOf(lost)}`);
      ended = reply.status === 500 ? "refused" : "whole";
      if (reply.status === 200) await reply.arrayBuffer();
    } catch {
      ended = "broken off";
    }
    expect(["refused", "broken off"]).toContain(ended);
    await expect.poll(() => server?.log()).toContain("EIO");
    expect((await fetch(`${base}/v2/`)).status).toBe(200);
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });

  it("a process that may open few files serves as many at once as it has room for, and fails none of them", {
    timeout: 60_000,
  }, async () => {
    const files = 128;
    server = await startServer(["--data", join(disk, "data")], {}, [prlimit, `--nofile=${files}:${files}`]);
    const base = server.url;
    const room = Number(/"files":128,"connections":(\d+)/.exec(server.log())?.[1]);
    expect(room).toBeGreaterThan(10);
    const bytes = randomBytes(3 * megabyte);
    expect(await push(base, bytes)).toBe(201);
    const seen = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const reply = await fetch(`${base}/v2/app/blobs/${digestOf(bytes)}`, {
          headers: { Connection: "close" },
          signal: AbortSignal.timeout(20_000),
        }).catch(() => undefined);
        if (reply === undefined) return "closed";
        // What was begun is brought to its end.
        expect(Buffer.from(await reply.arrayBuffer()).equals(bytes)).toBe(true);
        return reply.status;
      }),
    );
    expect(seen.filter((one) => one !== 200 && one !== "closed")).toEqual([]);
    // The connection of the push may have stayed open, and has one place then.
    expect(seen.filter((one) => one === 200).length).toBeGreaterThanOrEqual(room - 1);
    expect(server.child.exitCode).toBeNull();
    expect(await push(base, randomBytes(1000))).toBe(201);
    expect(await pull(base, bytes)).toBe(true);
  });

  it("a process that runs out of files all the same lives on, and serves when there are some again", {
    timeout: 60_000,
  }, async () => {
    const base = await start();
    const bytes = randomBytes(3 * megabyte);
    expect(await push(base, bytes)).toBe(201);
    const pid = String(server?.child.pid);
    const limit = readdirSync(`/proc/${pid}/fd`).length + 20;
    execFileSync(prlimit, ["--pid", pid, `--nofile=${limit}:`]);
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const reply = await fetch(`${base}/v2/app/blobs/${digestOf(bytes)}`, {
          headers: { Connection: "close" },
          signal: AbortSignal.timeout(20_000),
        }).catch(() => undefined);
        const got = await reply?.arrayBuffer().catch(() => undefined);
        if (reply?.status === 200 && got !== undefined) expect(Buffer.from(got).equals(bytes)).toBe(true);
        else expect([undefined, 200, 500]).toContain(reply?.status);
      }),
    );
    expect(server?.child.exitCode).toBeNull();
    execFileSync(prlimit, ["--pid", pid, "--nofile=1024:"]);
    await expect.poll(() => push(base, randomBytes(1000)).catch(() => 0), { timeout: 10_000 }).toBe(201);
    expect(await pull(base, bytes)).toBe(true);
  });

  it("a file larger than the system lets it write is refused, and the server goes on", async () => {
    const base = await start();
    execFileSync(prlimit, ["--pid", String(server?.child.pid), `--fsize=${megabyte}:${megabyte}`]);
    expect(await push(base, randomBytes(3 * megabyte))).toBeGreaterThanOrEqual(500);
    const small = randomBytes(1000);
    expect(await push(base, small)).toBe(201);
    expect(await pull(base, small)).toBe(true);
  });

  it("a process that was stopped for a while goes on where it was", { timeout: 60_000 }, async () => {
    const base = await start();
    const bytes = randomBytes(megabyte);
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const at = `${base}${begun.headers.get("location")}`;
    server?.child.kill("SIGSTOP");
    const pending = fetch(at, { method: "PATCH", body: new Uint8Array(bytes) });
    await sleep(3000);
    server?.child.kill("SIGCONT");
    expect((await pending).status).toBe(202);
    expect((await fetch(`${at}?digest=${digestOf(bytes)}`, { method: "PUT" })).status).toBe(201);
    expect(await pull(base, bytes)).toBe(true);
  });
});

function isMounted(path: string): boolean {
  return existsSync(path) && statSync(path).dev !== statSync(join(path, "..")).dev;
}

async function push(base: string, bytes: Buffer): Promise<number> {
  const path = `${base}/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`;
  return (await fetch(path, { method: "POST", body: new Uint8Array(bytes) })).status;
}

async function pull(base: string, bytes: Buffer): Promise<boolean> {
  const reply = await fetch(`${base}/v2/app/blobs/${digestOf(bytes)}`);
  return reply.status === 200 && Buffer.from(await reply.arrayBuffer()).equals(bytes);
}

const describe = (bytes: Buffer, mediaType: string) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

function manifestOf(layers: Buffer[]): Buffer {
  const [config] = layers;
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(config ?? Buffer.alloc(0), "application/vnd.example.config"),
      layers: layers.map((layer) => describe(layer, mediaTypes.ociLayer)),
    }),
  );
}

async function tag(base: string, name: string, layers: Buffer[]): Promise<number> {
  const headers = { "Content-Type": mediaTypes.ociManifest };
  const body = new Uint8Array(manifestOf(layers));
  return (await fetch(`${base}/v2/app/manifests/${name}`, { method: "PUT", headers, body })).status;
}
