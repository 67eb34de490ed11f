import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashSync } from "bcryptjs";
import { afterAll, describe, expect, test } from "vitest";
import { hashPassword, openHtpasswd, parseHtpasswd, type Users } from "./htpasswd.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-htpasswd-"));
const file = join(folder, "htpasswd");
const opened: Users[] = [];
afterAll(async () => {
  for (const users of opened) await users.close();
  rmSync(folder, { recursive: true });
});

async function open(text: string, warnings: string[] = []): Promise<Users> {
  writeFileSync(file, text);
  const users = await openHtpasswd(file, (sentence) => warnings.push(sentence));
  opened.push(users);
  return users;
}

const line = (user: string, password: string, prefix = "$2y$", cost = 5): string =>
  `${user}:${prefix}${hashSync(password, cost).slice(4)}\n`;

describe("a password", () => {
  test.each(["$2a$", "$2b$", "$2y$"])("hashed as %s is taken, another one is not", async (prefix) => {
    const users = await open(`# people\n\n${line("ann", "secret", prefix)}`);
    expect(await users.verify("ann", "secret")).toBe(true);
    expect(await users.verify("ann", "Secret")).toBe(false);
    expect(await users.verify("bob", "secret")).toBe(false);
    expect(await users.verify("", "")).toBe(false);
  });

  test("of more than 72 bytes is refused, also where its beginning is right", async () => {
    const long = "x".repeat(72);
    const users = await open(line("ann", long));
    expect(await users.verify("ann", long)).toBe(true);
    expect(await users.verify("ann", `${long}y`)).toBe(false);
    expect(await users.verify("ann", `${"é".repeat(36)}x`)).toBe(false);
  });

  test("with a zero byte in it is refused, since bcrypt of others stops there", async () => {
    const users = await open(line("ann", "secret"));
    expect(await users.verify("ann", "secret\0more")).toBe(false);
  });
});

test("a right login costs its time once, and is worth nothing after the password changed", async () => {
  const users = await open(line("ann", "secret", "$2b$", 10));
  expect(users.remembers("ann", "secret")).toBe(false);
  await users.verify("ann", "secret");
  const start = performance.now();
  for (let count = 0; count < 50; count += 1) expect(await users.verify("ann", "secret")).toBe(true);
  expect(performance.now() - start).toBeLessThan(50);
  expect(users.remembers("ann", "secret")).toBe(true);
  const mark = await users.markOf("ann");
  writeFileSync(file, line("ann", "changed"));
  await sleep(1100);
  expect(await users.verify("ann", "secret")).toBe(false);
  expect(await users.verify("ann", "changed")).toBe(true);
  expect(await users.markOf("ann")).not.toBe(mark);
});

test("an unknown user takes as long as a known one", async () => {
  const users = await open(line("ann", "secret", "$2y$", 10) + line("bob", "secret", "$2y$", 10));
  await users.verify("ann", "warm up");
  const time = async (user: string): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      await users.verify(user, `wrong ${round}`);
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  };
  const known = await time("ann");
  const unknown = await time("nobody");
  expect(unknown).toBeGreaterThan(known / 3);
  expect(unknown).toBeLessThan(known * 3);
});

test("a comparison leaves the event loop free", async () => {
  const users = await open(line("ann", "secret", "$2y$", 12));
  await users.verify("ann", "warm up");
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 5);
  const start = performance.now();
  await users.verify("ann", "wrong");
  const took = performance.now() - start;
  clearInterval(timer);
  // In slices of 100 ms on this thread there would be one turn for each of them.
  expect(turns).toBeGreaterThan(took / 50);
});

test("a user who is taken out is gone, and a file that breaks leaves the users as they were", async () => {
  const warnings: string[] = [];
  const users = await open(line("ann", "secret") + line("bob", "secret"), warnings);
  expect(await users.verify("bob", "secret")).toBe(true);
  writeFileSync(file, line("ann", "secret"));
  await sleep(1100);
  expect(await users.verify("bob", "secret")).toBe(false);
  writeFileSync(file, "ann:plain\n");
  await sleep(1100);
  expect(await users.verify("ann", "secret")).toBe(true);
  expect(warnings.join()).toMatch(/ann in line 1 .* not hashed with bcrypt; the users stay as they were/);
  expect(warnings.join()).not.toContain("plain");
});

describe("a line that is no bcrypt hash of a user is refused and its secret not shown:", () => {
  test.each([
    ["MD5", "ann:$apr1$S3cr3tSS$Jfg6ZsE2s2ZyD5pPkS8R0/"],
    ["SHA-1", "ann:{SHA}S3cr3tSSa5hW0bQ0uN1zWkX2tY0="],
    ["plain text", "ann:S3cr3tSS"],
    ["crypt", "ann:S3cr3tSSAbCdE"],
    ["a cost that takes hours", `ann:$2y$31$S3cr3tSS${"a".repeat(45)}`],
    ["a cost that protects nothing", `ann:$2y$03$S3cr3tSS${"a".repeat(45)}`],
    ["no user", `:$2y$10$S3cr3tSS${"a".repeat(45)}`],
    ["no colon", "S3cr3tSS"],
    ["a user with a space", `a b:$2y$10$S3cr3tSS${"a".repeat(45)}`],
    ["a user twice", `ann:$2y$10$S3cr3tSS${"a".repeat(45)}\nann:$2y$10$S3cr3tSS${"b".repeat(45)}`],
  ])("%s", (_what, text) => {
    expect(() => parseHtpasswd(text, "passwords")).toThrow(/line \d of passwords/);
    expect(() => parseHtpasswd(text, "passwords")).not.toThrow(/S3cr3tSS/);
  });
});

test("a file that is not there says how to make it", async () => {
  await expect(openHtpasswd(join(folder, "none"), () => {})).rejects.toMatchObject({
    code: "HTPASSWD_INVALID",
    hint: expect.stringContaining("ddiff server htpasswd"),
  });
});

test("a hash that is made here is read by others, and by ourselves", async () => {
  const hash = await hashPassword("secret");
  expect(hash).toMatch(/^\$2y\$11\$[./A-Za-z0-9]{53}$/);
  const users = await open(`ann:${hash}\n`);
  expect(await users.verify("ann", "secret")).toBe(true);
});
