/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). Names are lower case. */
export interface Challenge {
  scheme: string;
  parameters: Map<string, string>;
}

/** A header line longer than this is no challenge. */
const lengthLimit = 8192;
const tokenPattern = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;
const quotedPattern = /"((?:[^"\\]|\\.)*)"/y;

/**
 * Reads all challenges of a `WWW-Authenticate` header, several of which may stand in one line. What cannot be read
 * ends the list: a challenge that is not understood is not answered.
 */
export function parseChallenges(text: string): Challenge[] {
  if (text.length > lengthLimit) return [];
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  const skip = (characters: string): void => {
    while (at < text.length && characters.includes(text[at] ?? "")) at++;
  };
  while (at < text.length) {
    skip(" \t,");
    const word = take(tokenPattern)?.[0];
    if (word === undefined) break;
    skip(" \t");
    if (text[at] !== "=") {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    at++;
    skip(" \t");
    const value = take(quotedPattern)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? take(tokenPattern)?.[0];
    const challenge = challenges.at(-1);
    if (value === undefined || challenge === undefined) break;
    challenge.parameters.set(word.toLowerCase(), value);
  }
  return challenges;
}
