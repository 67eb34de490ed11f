/** What a Go expression of a test table is worth here; undefined where it cannot be known without running the test. */
export type GoValue = string | number | boolean | null | undefined | GoValue[] | { [key: string]: GoValue };

/** A token of Go. */
export interface GoToken {
  kind: "name" | "string" | "number" | "mark";
  text: string;
}

/** A function of the tests that is nothing but a return of a value. */
interface Template {
  parameters: string[];
  /** Index of the returned expression. */
  body: number;
}

/** The tokens of a Go file, comments left out. */
export function readGo(source: string): GoToken[] {
  const tokens: GoToken[] = [];
  const pattern =
    /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|(?<raw>`[^`]*`)|(?<string>"(?:\\.|[^"\\])*")|(?<rune>'(?:\\.|[^'\\])*')|(?<number>\d[\w]*)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<mark>:=|[^])/guy;
  for (const { groups } of source.matchAll(pattern)) {
    if (groups?.["raw"] !== undefined) tokens.push({ kind: "string", text: groups["raw"].slice(1, -1) });
    else if (groups?.["string"] !== undefined)
      tokens.push({ kind: "string", text: unquote(groups["string"]) });
    else if (groups?.["rune"] !== undefined) tokens.push({ kind: "number", text: "0" });
    else if (groups?.["number"] !== undefined) tokens.push({ kind: "number", text: groups["number"] });
    else if (groups?.["name"] !== undefined) tokens.push({ kind: "name", text: groups["name"] });
    else if (groups?.["mark"] !== undefined) tokens.push({ kind: "mark", text: groups["mark"] });
  }
  return tokens;
}

function unquote(literal: string): string {
  return literal.slice(1, -1).replace(/\\(x[0-9a-f]{2}|[^])/g, (_, escape: string) => {
    if (escape.startsWith("x")) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return { n: "\n", t: "\t", r: "\r" }[escape] ?? escape;
  });
}

/** Reads values from tokens, with the variables met so far; the tests' table style needs no more of Go than this. */
export class GoReader {
  readonly tokens: readonly GoToken[];
  readonly variables = new Map<string, GoValue>();
  readonly templates = new Map<string, Template>();

  constructor(tokens: readonly GoToken[]) {
    this.tokens = tokens;
  }

  text(at: number): string {
    const token = this.tokens[at];
    return token === undefined || token.kind === "string" ? "" : token.text;
  }

  /** An expression from a token on, and the token after it. */
  value(from: number): { value: GoValue; next: number } {
    let { value, next } = this.operand(from);
    while (this.text(next) === "+") {
      const right = this.operand(next + 1);
      value = typeof value === "string" && typeof right.value === "string" ? value + right.value : undefined;
      ({ next } = right);
    }
    return { value, next };
  }

  private operand(from: number): { value: GoValue; next: number } {
    const token = this.tokens[from];
    if (token?.kind === "string") return { value: token.text, next: from + 1 };
    if (token?.kind === "number") return { value: Number(token.text), next: from + 1 };
    if (token?.text === "&") return this.operand(from + 1);
    if (token?.text === "[" || token?.text === "map") return this.typed(from);
    if (token?.text === "{") return this.composite(from);
    if (token?.text === "struct") return this.afterType(this.close(from + 1));
    if (token?.text === "func") return this.closure(from);
    if (token?.text === "(") {
      const { value } = this.value(from + 1);
      return { value, next: this.close(from) };
    }
    if (token?.kind !== "name") return { value: undefined, next: from + 1 };
    let at = from + 1;
    let name = token.text;
    while (this.text(at) === "." && this.tokens[at + 1]?.kind === "name") {
      name += `.${this.text(at + 1)}`;
      at += 2;
    }
    if (this.text(at) === "(") return { value: this.call(name, at), next: this.close(at) };
    if (this.text(at) === "{" && /(?:^|\.)[A-Z]|^(?:expected|lint)/.test(name)) return this.composite(at);
    const known: Record<string, GoValue> = { true: true, false: false, nil: null };
    return { value: name in known ? known[name] : this.variables.get(name), next: at };
  }

  /** `[]byte(x)`, `[]T{…}`, `map[K]V{…}`. */
  private typed(from: number): { value: GoValue; next: number } {
    let at = from;
    while (["[", "]", "map", "*"].includes(this.text(at)) || this.text(at - 1) === "[") at++;
    if (this.text(at) === "struct") return this.afterType(this.close(at + 1));
    at++;
    while (this.text(at) === ".") at += 2;
    return this.afterType(at);
  }

  private afterType(at: number): { value: GoValue; next: number } {
    if (this.text(at) === "(") return { value: this.value(at + 1).value, next: this.close(at) };
    return this.text(at) === "{" ? this.composite(at) : { value: undefined, next: at };
  }

  /** `{a, b}` is a list, `{k: v}` an object. */
  private composite(from: number): { value: GoValue; next: number } {
    const end = this.close(from);
    const list: GoValue[] = [];
    const object: { [key: string]: GoValue } = {};
    let keyed = false;
    for (let at = from + 1; at < end - 1; ) {
      const token = this.tokens[at];
      if (this.text(at + 1) === ":" && token !== undefined) {
        const { value, next } = this.value(at + 2);
        object[token.text] = value;
        keyed = true;
        at = next;
      } else {
        const { value, next } = this.value(at);
        list.push(value);
        at = next;
      }
      if (this.text(at) === ",") at++;
    }
    return { value: keyed ? object : list, next: end };
  }

  private call(name: string, open: number): GoValue {
    const values: GoValue[] = [];
    const end = this.close(open);
    for (let at = open + 1; at < end - 1; ) {
      const { value, next } = this.value(at);
      values.push(value);
      at = this.text(next) === "," ? next + 1 : Math.max(next, at + 1);
    }
    const template = this.templates.get(name);
    if (template !== undefined) {
      template.parameters.forEach((parameter, index) => this.variables.set(parameter, values[index]));
      return this.value(template.body).value;
    }
    if (name === "fmt.Sprintf") return format(values[0], values.slice(1));
    if (name === "fmt.Appendf") return format(values[1], values.slice(2));
    // The cases of Linux are those that we compare with.
    if (/^(?:integration\.UnixOrWindows|string|bytes\.NewBufferString|strings\.NewReader)$/.test(name))
      return values[0];
    return undefined;
  }

  /** A closure that is known for what it returns. */
  private closure(from: number): { value: GoValue; next: number } {
    const afterParameters = this.close(from + 1);
    let open = afterParameters;
    while (this.text(open) !== "{") open++;
    return { value: undefined, next: this.close(open) };
  }

  /** `name := func(a string, b int) T { return … }`. */
  template(name: string, from: number): void {
    const end = this.close(from + 1);
    const parameters: string[] = [];
    for (let at = from + 2; at < end - 1; at++)
      if (["(", ","].includes(this.text(at - 1))) parameters.push(this.text(at));
    let body = end;
    while (this.text(body) !== "{") body++;
    if (this.text(body + 1) === "return") this.templates.set(name, { parameters, body: body + 2 });
  }

  /** The token after the bracket that closes the one at `from`. */
  close(from: number): number {
    let depth = 0;
    for (let at = from; at < this.tokens.length; at++) {
      if (["(", "[", "{"].includes(this.text(at))) depth++;
      else if ([")", "]", "}"].includes(this.text(at)) && --depth === 0) return at + 1;
    }
    return this.tokens.length;
  }
}

function format(pattern: GoValue, values: readonly GoValue[]): GoValue {
  if (typeof pattern !== "string") return undefined;
  let index = 0;
  let known = true;
  const text = pattern.replace(/%[sdqv]/g, (verb) => {
    const value = values[index++];
    if (typeof value !== "string" && typeof value !== "number") {
      known = false;
      return "";
    }
    return verb === "%q" ? JSON.stringify(value) : String(value);
  });
  return known ? text : undefined;
}
