/** What a check looks at; the word in front of its name in reports. */
export type CheckKind =
  | "command"
  | "file"
  | "content"
  | "metadata"
  | "license"
  | "service"
  | "import"
  | "script"
  | "writable"
  | "owner"
  | "link"
  | "library"
  | "unique";

/** What became of one check. */
export interface CheckResult {
  kind: CheckKind;
  /** With `kind` it tells checks of a list apart. Those of the same name in two images are the same check. */
  name: string;
  /** `skipped`: neither did it fail nor was it shown to work; `reason` says why. */
  outcome: "passed" | "failed" | "skipped";
  /** Sentences; of checks that look at many things one for each thing, sorted, the same in every image. */
  failures: string[];
  /** Things that hold only if something outside the rules sees to it: a library that another must have loaded before. */
  doubts: string[];
  /** "" where it was not skipped. */
  reason: string;
  /** Wall time; 0 for what was looked up. */
  seconds: number;
  /** The end of what a command wrote, where it failed. */
  stdout: string;
  stderr: string;
}

/** Of failures of one check so many are kept. */
const mostFailures = 5000;

/** A result without the parts that are not said. */
export function resultOf(
  kind: CheckKind,
  name: string,
  parts: Partial<Omit<CheckResult, "kind" | "name" | "outcome">> & { skipped?: string },
): CheckResult {
  const { skipped, failures = [], ...more } = parts;
  return {
    kind,
    name,
    outcome: failures.length > 0 ? "failed" : skipped === undefined ? "passed" : "skipped",
    failures: failures.slice(0, mostFailures),
    doubts: [],
    reason: failures.length > 0 ? "" : (skipped ?? ""),
    seconds: 0,
    stdout: "",
    stderr: "",
    ...more,
  };
}

/** `import numpy (python of /opt/venv)`: how a check is called in one line. */
export function titleOf({ kind, name }: Pick<CheckResult, "kind" | "name">): string {
  return `${kind}: ${name}`;
}
