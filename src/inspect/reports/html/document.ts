import { createHash } from "node:crypto";

/** What a page is made of; all of it is HTML, CSS or JavaScript already. */
interface PageParts {
  title: string;
  style: string;
  script?: string;
  body: string;
}

/**
 * A page that holds everything: it asks no network, runs nothing but its own script (a Content Security Policy with hashes), and opens from a
 * file.
 */
export function htmlDocument({ title, style, script, body }: PageParts): string {
  const policy = [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const last = script === undefined ? "" : `<script type="module">${script}</script>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
${last}</body>
</html>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
