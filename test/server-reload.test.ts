import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "./support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-reload-"));
const file = join(folder, "server.yaml");

function configure(...lines: string[]): void {
  const users = ["access:", `  htpasswd: ${join(folder, "users")}`];
  writeFileSync(file, [`data: ${join(folder, "data")}`, ...users, ...lines].join("\n"));
}

let server: TestServer;
beforeAll(async () => {
  writeFileSync(join(folder, "users"), `ann:${hashSync("secret", 4)}\n`);
  configure();
  server = await startServer(["--config", file]);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends SIGHUP and waits for what the server says to it. */
async function hangUp(): Promise<string> {
  const before = server.log().length;
  server.child.kill("SIGHUP");
  const said = (): string | undefined =>
    server
      .log()
      .slice(before)
      .split("\n")
      .find((line) => line.includes("the configuration"));
  await expect.poll(said, { timeout: 5000 }).toBeDefined();
  return said() ?? "";
}

/** What somebody without a login is answered who pulls. */
const pull = async (): Promise<number> => (await fetch(`${server.url}/v2/app/manifests/latest`)).status;

it("takes new rules on SIGHUP, keeps the old ones where the new are wrong, and goes on", async () => {
  expect(await pull()).toBe(401);

  configure("  anonymous-pull: true");
  expect(await pull()).toBe(401);
  expect(await hangUp()).toContain("was read again");
  expect(await pull()).toBe(404);

  configure("  anonymus-pull: false");
  const refused = await hangUp();
  expect(refused).toContain("stays as it was");
  expect(refused).toContain("anonymous-pull");
  expect(await pull()).toBe(404);

  configure("  anonymous-pull: false", "gc:", "  every: never");
  expect(await hangUp()).toMatch(/"needRestart":"gc"/);
  expect(await pull()).toBe(401);
});
