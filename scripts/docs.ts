/** `npm run docs`: writes each command's synopsis and options into its page of docs/, from the data that help is made of, and the schema of the server's configuration. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commands } from "../src/cli/commands.ts";
import { commandReference } from "../src/cli/output/help.ts";
import { configJsonSchema } from "../src/registry/config-schema.ts";

for (const command of commands) {
  const path = join(import.meta.dirname, "..", "docs", `${command.name}.md`);
  const text = await readFile(path, "utf8");
  const block = `<!-- reference -->\n\`\`\`\n${commandReference(command, 90)}\`\`\`\n`;
  const filled = text.replace(/<!-- reference -->\n(?:```\n[^]*?```\n)?/, () => block);
  if (!filled.includes(block)) throw new Error(`${path} has no line <!-- reference -->`);
  await writeFile(path, filled);
}

const schema = join(import.meta.dirname, "..", "docs", "server-config.schema.json");
await writeFile(schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
