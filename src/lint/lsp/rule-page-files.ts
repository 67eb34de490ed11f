import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { RuleInfo } from "../rule.ts";
import { ruleFileName, rulePageText } from "../rule-pages.ts";

/**
 * Hands back the URI of a rule's page, which it writes into `folder` when it is first asked for: so that pages are there without a network, also
 * where the documentation is not installed, and are those of this version.
 */
export function makeRulePages(folder: string): (rule: RuleInfo) => string {
  const written = new Map<string, string>();
  return (rule) => {
    let uri = written.get(rule.name);
    if (uri === undefined) {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, ruleFileName(rule));
      writeFileSync(file, withoutLinks(rulePageText(rule)));
      written.set(rule.name, (uri = pathToFileURL(file).href));
    }
    return uri;
  };
}

/** A page that stands alone leads nowhere within the documentation. */
function withoutLinks(page: string): string {
  return page
    .replace(/ \(\[more\]\([^)]*\)\)/, "")
    .replace(/\n\[All rules\]\([^)]*\)\n$/, "")
    .trimEnd()
    .concat("\n");
}
