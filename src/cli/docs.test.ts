import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "./commands.ts";
import { environment } from "./globals.ts";
import { commandReference } from "./output/help.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");

test.each(commands.map((command) => [command.name, command] as const))(
  "docs/%s.md has the command's options as they are",
  (name, command) => {
    const page = readFileSync(join(docs, `${name}.md`), "utf8");
    expect(page).toMatch(new RegExp(`^# ddiff ${name}\\n`));
    // Out of step? "npm run docs" writes it.
    expect(page).toContain(`\`\`\`\n${commandReference(command, 90)}\`\`\`\n`);
  },
);

test("the first page leads to every command and explains every variable", () => {
  const page = readFileSync(join(docs, "README.md"), "utf8");
  for (const command of commands) expect(page).toContain(`(${command.name}.md)`);
  for (const { name } of environment)
    for (const one of name.split(", ")) expect(page).toContain(`\`${one}\``);
});
