import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ddiff } from "./support/run.ts";

const page = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");

/** A block of the README by the comment above it. */
function block(name: string): string {
  const text = new RegExp(`<!-- lint: ${name} -->\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (text === undefined) throw new Error(`the README has no block ${name}`);
  return text;
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ddiff-readme-"));
  writeFileSync(join(folder, "Dockerfile"), block("before"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("lint says of the README's Dockerfile what the README shows", async () => {
  const { stdout } = await ddiff(["lint", "--quiet", "Dockerfile"], { cwd: folder });
  expect(`$ ddiff lint --quiet Dockerfile\n${stdout}`).toBe(block("says"));
});

it("and the fixes make of it what the README shows, as much smaller as it says", async () => {
  const before = await ddiff(["lint", "--json", "Dockerfile"], { cwd: folder });
  const { summary } = JSON.parse(before.stdout) as { summary: { waste: number } };
  expect(page).toContain(`${(summary.waste / 1e9).toFixed(1)} GB smaller by estimate`);
  await ddiff(["fix", "--unsafe", "Dockerfile"], { cwd: folder });
  expect(readFileSync(join(folder, "Dockerfile"), "utf8")).toBe(block("after"));
});
