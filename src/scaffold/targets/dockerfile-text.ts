/** One RUN: mounts first, one command a line, all of them must succeed. */
export function run(mounts: readonly string[], commands: readonly string[]): string {
  const lines = [...mounts.map((mount) => `--mount=${mount} \\`), ...commands.map(withAnd)];
  return `RUN ${lines.join("\n    ")}`;
}

function withAnd(command: string, at: number, all: readonly string[]): string {
  return at === all.length - 1 ? command : `${command} && \\`;
}

/** apt in one RUN, with a cache that no layer holds. */
export function aptInstall(packages: readonly string[]): string {
  return run(
    ["type=cache,target=/var/cache/apt,sharing=locked", "type=cache,target=/var/lib/apt,sharing=locked"],
    [
      "rm -f /etc/apt/apt.conf.d/docker-clean",
      "apt-get update",
      `apt-get install -y --no-install-recommends \\\n      ${[...packages].sort().join(" \\\n      ")}`,
    ],
  );
}

/** ENV with one variable a line. */
export function env(variables: Readonly<Record<string, string>>): string {
  const words = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  return `ENV ${words.join(" \\\n    ")}`;
}

/** A value as ENV and LABEL take it. */
function quoted(value: string): string {
  return /^[\w./:,@%+=-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** A word of a shell command. */
export function shellWord(value: string): string {
  return /^[\w./:,@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** JSON as it stands in Dockerfiles: `["a", "b"]`. */
export function json(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
}

/** Comment lines of at most 100 characters. */
export function comment(text: string): string {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}

/** COPY lines for paths that keep their place. Files of the root go together, each folder by itself. */
export function copies(paths: readonly string[]): string[] {
  const files = paths.filter((path) => isFile(path) && !path.includes("/"));
  const folders = paths.filter((path) => !files.includes(path));
  return [
    ...folders.map((path) => `COPY ${copyWords([path, path])}`),
    ...(files.length === 0 ? [] : [`COPY ${copyWords([...files, "./"])}`]),
  ];
}

function copyWords(words: readonly string[]): string {
  return words.some((word) => /\s/.test(word)) ? json(words) : words.join(" ");
}

function isFile(path: string): boolean {
  return /\.\w+$/.test(path);
}
