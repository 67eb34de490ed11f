/**
 * The words of a command as a person types it, with quotes and backslashes as in a shell. What only a shell can do (pipes, variables, several
 * commands) is left to one: `sh -c`.
 */
export function splitWords(text: string): string[] {
  if (/[|&;<>()$`\n]/.test(text)) return ["sh", "-c", text];
  const words: string[] = [];
  const pattern = /(?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/g;
  for (const [word] of text.matchAll(pattern)) words.push(unquoted(word));
  return words;
}

function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g,
    (_, single?: string, double?: string, one?: string) =>
      single ?? double?.replace(/\\(["\\])/g, "$1") ?? one ?? "",
  );
}
