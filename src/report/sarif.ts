import type { Log, ReportingDescriptor, Result } from "sarif";

/** A log of SARIF 2.1.0 (OASIS) with one run of ddiff. */
export function sarifLog(version: string, rules: ReportingDescriptor[], results: Result[]): Log {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "ddiff", version, rules } }, columnKind: "utf16CodeUnits", results }],
  };
}

/** A path as a relative reference (RFC 3986); an absolute one as a file URL. */
export function fileUri(path: string): string {
  const encoded = path
    .replaceAll("\\", "/")
    .replace(/^\.\//, "")
    .split("/")
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join("/");
  return encoded.startsWith("/") ? `file://${encoded}` : encoded;
}
