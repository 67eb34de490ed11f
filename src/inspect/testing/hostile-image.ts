import type { Analysis } from "../analysis.ts";
import { analysisOf } from "./analyses.ts";

/** A name as an attacker or an accident makes it: markup, control characters, turned writing, a byte that is no UTF-8. */
export const hostileName =
  "<script>alert(1)</script><img src=x onerror=alert(2)>\"'|`x`\u001b[2J\u202e\udcff\n@team";

/** An image whose every name is hostile. */
export function hostileImage(): Analysis {
  const name = hostileName;
  const owner = { manager: "pip" as const, name, version: name, home: name };
  const kind = {
    name: "apt-lists",
    title: name,
    risk: "safe" as const,
    why: name,
    edit: `rm ${name.replace("\n", "")}`,
  };
  return analysisOf({
    name,
    steps: [{ text: name }, { text: name, line: 2 }],
    files: [
      { path: `a/${name.replaceAll("/", "")}`, bytes: 5_000_000, layer: 1, package: owner, class: kind },
      { path: "__proto__/constructor/toString", bytes: 2_000_000, layer: 1 },
      { path: "</script><script>alert(3)<", bytes: 1_000_000, layer: 0 },
    ],
    hidden: [{ path: name.replaceAll("/", ""), bytes: 1_000_000, layer: 0, by: 1, how: "overwritten" }],
    copies: [{ name, copies: [{ path: name, layer: 1, bytes: 5, package: owner }] }],
    programs: [{ name, path: name, version: name }],
  });
}
