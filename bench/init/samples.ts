/** A project of test/samples/init that is really built and run. */
export interface Sample {
  readonly name: string;
  /** What `ddiff init` is told besides `--yes`. */
  readonly options: readonly string[];
  /** The stage that is built. */
  readonly target: "serve-cpu" | "train-cpu";
  /** What the service answers on this path; undefined for a program that ends. */
  readonly answers: { readonly port: number; readonly says: string } | undefined;
  /** What a program that ends prints. */
  readonly prints: string | undefined;
  /** Whether its lock file is made first: it names the registry that it was made with, and so is not kept. */
  readonly locks?: true;
}

// The Python of the Debian release that the base is made from.
const options = ["--python", "3.13"];

/** One project for each way of installing that can be tried without other registries than PyPI and Debian's. */
export const samples: readonly Sample[] = [
  {
    name: "uv-service",
    options,
    target: "serve-cpu",
    answers: { port: 8000, says: '{"version":"0.1.0","user":10001}' },
    prints: undefined,
    locks: true,
  },
  {
    name: "pip-service",
    options,
    target: "serve-cpu",
    answers: { port: 8000, says: '{"mean":2.0,"user":10001}' },
    prints: undefined,
  },
  {
    name: "pyproject-service",
    options,
    target: "serve-cpu",
    answers: { port: 5000, says: '{"user":10001,"version":"0.3.0"}' },
    prints: undefined,
  },
  { name: "pip-script", options, target: "train-cpu", answers: undefined, prints: "as user 10001" },
];
