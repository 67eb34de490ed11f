/** One annotation in GitHub Actions. */
export interface Annotation {
  level: "error" | "warning" | "notice";
  message: string;
  title: string;
  /** With `/`, from the repository's root on. */
  file?: string;
  /** From 1; a line alone is enough. */
  line?: number;
  endLine?: number;
  column?: number;
  endColumn?: number;
}

/** The line of output that GitHub Actions turns into an annotation (workflow commands). */
export function annotationLine(one: Annotation): string {
  const properties: [string, string | number | undefined][] = [
    ["file", one.file?.replaceAll("\\", "/")],
    ["line", one.line],
    ["endLine", one.endLine],
    ["col", one.column],
    ["endColumn", one.endColumn],
    ["title", one.title],
  ];
  const listed = properties
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(",");
  return `::${one.level} ${listed}::${escapeData(one.message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
