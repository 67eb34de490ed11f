/** What ddiff needs to know of a builder's arguments. Nothing of it is ever written back: the arguments go on as they came. */
export interface BuildFlags {
  /** Positional words; the last is the context. */
  positional: string[];
  /** All values of an option by its long name, in order; switches have "true". */
  values: Map<string, string[]>;
}

/** Short forms whose long form matters here. The others only have to be skipped rightly. */
const longNames: Record<string, string> = {
  f: "file",
  t: "tag",
  o: "output",
  q: "quiet",
  D: "debug",
  h: "help",
};

/**
 * Switches of docker build, buildx build, podman build and buildah build, which do not take the next word. Every other option does:
 * so an option unknown here is most likely read rightly too, since nearly all take a value.
 */
const switches = new Set([
  "all-platforms", "check", "compress", "created-annotation", "debug", "disable-compression", "disable-content-trust",
  "force-rm", "help", "http-proxy", "identity-label", "inherit-annotations", "inherit-labels", "layers", "load",
  "log-rusage", "logsplit", "no-cache", "no-hostname", "no-hosts", "no-pivot", "omit-history", "pull", "pull-always",
  "pull-never", "push", "quiet", "rewrite-timestamp", "rm", "rusage", "save-stages", "skip-unused-stages", "squash", "squash-all",
  "stage-labels", "stdin", "stream", "tls-verify",
]); // biome-ignore format: one table

/** Reads a builder's arguments as its flag library (pflag) does: `--x=v`, `--x v`, `-xv`, `-x=v`, `-x v`, `-qt v`, `--`. */
export function readBuildFlags(args: readonly string[]): BuildFlags {
  const flags: BuildFlags = { positional: [], values: new Map() };
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "--") {
      flags.positional.push(...args.slice(at + 1));
      break;
    }
    if (word === "-" || !word.startsWith("-")) flags.positional.push(word);
    else if (word.startsWith("--")) at += longOption(word.slice(2), args[at + 1], flags);
    else at += shortOptions(word.slice(1), args[at + 1], flags);
  }
  return flags;
}

/** Returns how many further words the option took. */
function longOption(text: string, next: string | undefined, flags: BuildFlags): 0 | 1 {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (equals >= 0) add(flags, name, text.slice(equals + 1));
  else if (switches.has(name)) add(flags, name, "true");
  else {
    add(flags, name, next ?? "");
    return 1;
  }
  return 0;
}

function shortOptions(letters: string, next: string | undefined, flags: BuildFlags): 0 | 1 {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    const name = longNames[letter] ?? letter;
    const rest = letters.slice(at + 1);
    if (switches.has(name) && !rest.startsWith("=")) {
      add(flags, name, "true");
      continue;
    }
    if (rest === "") {
      add(flags, name, next ?? "");
      return 1;
    }
    add(flags, name, rest.startsWith("=") ? rest.slice(1) : rest);
    return 0;
  }
  return 0;
}

function add(flags: BuildFlags, name: string, value: string): void {
  flags.values.set(name, [...(flags.values.get(name) ?? []), value]);
}

/** The last value of an option, which is the one that counts where it is given twice. */
export function lastOf(flags: BuildFlags, name: string): string | undefined {
  return flags.values.get(name)?.at(-1);
}

/** Whether a switch is on: `--load`, `--load=true`, not `--load=false`. */
export function isSet(flags: BuildFlags, name: string): boolean {
  const value = lastOf(flags, name);
  return value !== undefined && !["false", "0", "f", "F", "FALSE", "False"].includes(value);
}

/** `KEY=VALUE` options as a map; `KEY` alone takes its value from the environment, as builders do. */
export function pairsOf(
  flags: BuildFlags,
  name: string,
  env: Record<string, string | undefined>,
): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of flags.values.get(name) ?? []) {
    const equals = text.indexOf("=");
    const value = equals < 0 ? env[text] : text.slice(equals + 1);
    if (value !== undefined) pairs.set(equals < 0 ? text : text.slice(0, equals), value);
  }
  return pairs;
}
