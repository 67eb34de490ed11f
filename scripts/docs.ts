/**
 * `npm run docs`: writes each command's synopsis and options into its page of docs/, from the data that help is made of, the schemas of the
 * server's and lint's configuration and of reports, and the pages of lint's rules.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { definitionJsonSchema } from "../src/bases/definition.ts";
import { commands } from "../src/cli/commands.ts";
import { configFileJsonSchema } from "../src/cli/config-schema.ts";
import { commandReference } from "../src/cli/output/help.ts";
import { classesPage } from "../src/inspect/classes/page.ts";
import { duJsonSchema } from "../src/inspect/reports/du-schema.ts";
import { analysisJsonSchema } from "../src/inspect/reports/json-schema.ts";
import { ruleFileName, rulePageText, rulesIndexText } from "../src/lint/rule-pages.ts";
import { allRules } from "../src/lint/selectors.ts";
import { configJsonSchema } from "../src/registry/config-schema.ts";

for (const command of commands) {
  const path = join(import.meta.dirname, "..", "docs", `${command.name}.md`);
  const text = await readFile(path, "utf8");
  const block = `<!-- reference -->\n\`\`\`\n${commandReference(command, 90)}\`\`\`\n`;
  const filled = text.replace(/<!-- reference -->\n(?:```\n[^]*?```\n)?/, () => block);
  if (!filled.includes(block)) throw new Error(`${path} has no line <!-- reference -->`);
  await writeFile(path, filled);
}

const docs = join(import.meta.dirname, "..", "docs");
const schemas = {
  "server-config.schema.json": configJsonSchema(),
  "ddiff-config.schema.json": configFileJsonSchema(),
  "base.schema.json": definitionJsonSchema(),
  "analyze-report.schema.json": analysisJsonSchema(),
  "du-report.schema.json": duJsonSchema(),
};
for (const [name, schema] of Object.entries(schemas))
  await writeFile(join(docs, name), `${JSON.stringify(schema, null, 2)}\n`);

await writeFile(join(docs, "file-classes.md"), classesPage());

const pages = join(docs, "rules");
await mkdir(pages, { recursive: true });
for (const name of await readdir(pages)) await rm(join(pages, name));
for (const rule of allRules) await writeFile(join(pages, ruleFileName(rule)), rulePageText(rule));
await writeFile(join(pages, "README.md"), rulesIndexText(allRules));
