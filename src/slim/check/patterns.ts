import { RE2JS } from "re2js";

/**
 * What is wrong with a text by Go's regular expressions (RE2, in linear time whatever the image wrote): each of `expected` must be found in
 * it and none of `excluded`. `where` names the text in the sentences: "the output".
 */
export function patternFailures(
  text: string,
  where: string,
  patterns: { expected: readonly string[]; excluded: readonly string[] },
): string[] {
  const judge = (pattern: string, wanted: boolean): string | undefined => {
    const found = isFound(pattern, text);
    if (found === undefined) return `${quoted(pattern)} is no regular expression`;
    if (found === wanted) return undefined;
    return wanted ? `${quoted(pattern)} is not in ${where}` : `${quoted(pattern)} is in ${where}`;
  };
  return [
    ...patterns.expected.map((pattern) => judge(pattern, true)),
    ...patterns.excluded.map((pattern) => judge(pattern, false)),
  ].filter((failure) => failure !== undefined);
}

/** Whether a text has the pattern; undefined for what is no pattern. */
export function isFound(pattern: string, text: string): boolean | undefined {
  try {
    return RE2JS.compile(pattern).matcher(text).find();
  } catch {
    return undefined;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
