import { programs } from "../reading/container-commands.ts";

/** Whether a command runs a program of the project, and not one that tests or builds it. */
export function startsProgram(command: readonly string[]): boolean {
  const [first = "", second, third = ""] = command;
  if (!programs.test(first) || second === undefined) return false;
  return (
    second !== "-m" ||
    !/^(?:build|pip|pytest|unittest|http\.server|mypy|ruff|black|ipykernel|venv)$/.test(third)
  );
}

/** Words without a shell and without variables; undefined for other commands. */
export function plainCommand(words: readonly string[]): string[] | undefined {
  const plain = words.map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
  if (
    plain.length === 0 ||
    plain.length > 40 ||
    plain.some((word) => /[$&|;<>`{}\\]/.test(word) || word === "")
  )
    return undefined;
  if (/^(?:\/?bin\/|\/usr\/bin\/)?(?:ba|z)?sh$/.test(plain[0] ?? "") || (plain[0] ?? "").endsWith(".sh"))
    return undefined;
  if ((plain[0] ?? "").startsWith("/") || plain[0] === "[") return undefined;
  return /^(?:uv|poetry|pdm|pixi|pipenv|hatch)$/.test(plain[0] ?? "") && plain[1] === "run"
    ? plain.slice(2).filter((word, at) => at > 0 || !word.startsWith("-"))
    : plain;
}
