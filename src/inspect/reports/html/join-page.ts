import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

const page = new URL("./page/", import.meta.url);
/** `import { a } from "./b.ts";` in one line or several; those of types have nothing in them that runs. */
const imports = /^import (type )?\{[^}]*\} from "(\.[^"]+)";$/gm;

/**
 * Makes one script of the page's modules: each behind those that it imports, without the words import and export. Their names share one
 * scope, so no two may declare the same; a browser says so at once.
 */
export function joinPage(): { script: string; style: string } {
  const script = withoutTypes(join(new URL("main.ts", page), new Set()));
  return { script, style: readFileSync(new URL("style.css", page), "utf8") };
}

function join(module: URL, joined: Set<string>): string {
  if (joined.has(module.href)) return "";
  joined.add(module.href);
  const text = readFileSync(module, "utf8");
  const needed = [...text.matchAll(imports)].map(([, type, path = ""]) =>
    type === undefined ? join(new URL(path, module), joined) : "",
  );
  return needed.join("") + text.replaceAll(imports, "").replaceAll(/^export /gm, "");
}

function withoutTypes(text: string): string {
  const emitWarning = process.emitWarning.bind(process);
  // Node calls this experimental on standard error; whoever reads that can do nothing about it.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}
