/**
 * Whether one of the patterns fits a path with `/` (`services/train/Dockerfile`). `*` and `?` stay within a name, `**` goes across folders,
 * `{a,b}` is a choice. A pattern without a slash fits a name anywhere; one that fits a folder fits all that is in it.
 */
export function makeGlobs(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(?:${patterns.map(source).join("|")})(?:/|$)`);
  return (path) => expression.test(path);
}

function source(pattern: string): string {
  const clean = pattern.replace(/^\.?\//, "").replace(/\/+$/, "");
  const anchored = pattern.startsWith("/") || clean.includes("/");
  return `${anchored ? "" : "(?:.*/)?"}${translate(clean)}`;
}

const tokens = /\*\*\/|\/\*\*$|\*+|\?|\[!?[^\]/]+\]|\{|\}|,|[^]/g;

function translate(pattern: string): string {
  let depth = 0;
  const parts = pattern.replaceAll(/\*\*\/(?:\*\*\/)+/g, "**/").match(tokens) ?? [];
  return (
    parts
      .map((part) => {
        if (part === "**/") return "(?:.*/)?";
        if (part === "/**") return "/.*";
        if (part.startsWith("*")) return part.length > 1 ? ".*" : "[^/]*";
        if (part === "?") return "[^/]";
        if (part.startsWith("[") && part.length > 2)
          return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
        if (part === "{") {
          depth += 1;
          return "(?:";
        }
        if (part === "}" && depth > 0) {
          depth -= 1;
          return ")";
        }
        if (part === "," && depth > 0) return "|";
        return part.replace(/[.*+?^${}()|[\]\\]/, "\\$&");
      })
      .join("") + ")".repeat(depth)
  );
}
