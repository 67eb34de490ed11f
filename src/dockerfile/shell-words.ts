import type { Word, WordPart } from "unbash";

type Variables = ReadonlyMap<string, string | undefined>;

/** A word without quotes and escapes, the variables that are known put in; not literal where the shell has more to expand. */
export function readWord(node: Word, raw: string, variables: Variables): { value: string; literal: boolean } {
  if (!/[$`'"\\*?[{~(]/.test(raw)) return { value: raw, literal: true };
  const { parts } = node;
  if (parts === undefined) {
    const literal = !/[$`*?[{(]/.test(raw) && !raw.startsWith("~");
    return { value: node.value, literal: literal || /^'[^']*'$/.test(raw) };
  }
  let value = "";
  let literal = !raw.startsWith("~");
  const add = (part: WordPart): void => {
    switch (part.type) {
      case "Literal":
      case "SingleQuoted":
      case "AnsiCQuoted":
        value += part.value;
        return;
      case "DoubleQuoted":
      case "LocaleString":
        part.parts.forEach(add);
        return;
      default: {
        const known = expansion(part, variables);
        if (known === undefined) literal = false;
        value += known ?? part.text;
      }
    }
  };
  parts.forEach(add);
  return { value, literal };
}

function expansion(part: WordPart, variables: Variables): string | undefined {
  if (part.type === "SimpleExpansion") return variables.get(part.text.slice(1));
  if (part.type !== "ParameterExpansion" || part.prefix !== undefined || part.index !== undefined)
    return undefined;
  const value = variables.get(part.parameter);
  if (part.operation === undefined) return value;
  if (part.operation.type === "Default" && /^:?-$/.test(part.operation.operator))
    return value === "" ? undefined : value;
  return undefined;
}
