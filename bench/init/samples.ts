import type { Stage } from "./build.ts";

/** A project of test/samples/init that is really built and run. */
export interface Sample {
  readonly name: string;
  /** What `ddiff init` is told besides `--yes`. */
  readonly options: readonly string[];
  /** The stages that are built, with what they do. */
  readonly stages: { readonly [stage in Stage]?: Does };
  /** What makes its lock file first: one that names the registry that it was made with is not kept. */
  readonly locks?: "uv" | "pixi";
  /** Its file that names conda-forge. Here that is a channel of our own. */
  readonly channel?: string;
}

/** What a stage does when it runs. */
export interface Does {
  /** A service: its port, and the JSON that it answers with on `/`. */
  readonly answers?: { readonly port: number; readonly says: string };
  /** A program that ends: what it prints. */
  readonly prints?: string;
  /** A place to work in, for whoever owns the source: a command that only works there. */
  readonly allows?: string;
  /** A module of Python that only training has, or only the tests. */
  readonly lacks?: string;
}

// The Python of the Debian release that the base is made from.
const python = ["--python", "3.13"];

/** One project for each way of installing that can be tried with the registries of PyPI, Debian and crates.io. */
export const samples: readonly Sample[] = [
  {
    name: "uv-service",
    options: python,
    stages: {
      "serve-cpu": { answers: { port: 8000, says: '{"version":"0.1.0","user":10001}' }, lacks: "pytest" },
      dev: {
        allows: "pytest --version && gcc --version && git --version && uv --version && touch made-here",
      },
    },
    locks: "uv",
  },
  {
    name: "pip-service",
    options: python,
    stages: { "serve-cpu": { answers: { port: 8000, says: '{"mean":2.0,"user":10001}' } } },
  },
  {
    name: "pyproject-service",
    options: python,
    stages: { "serve-cpu": { answers: { port: 5000, says: '{"user":10001,"version":"0.3.0"}' } } },
  },
  { name: "pip-script", options: python, stages: { "train-cpu": { prints: "as user 10001" } } },
  {
    name: "poetry-service",
    options: python,
    stages: {
      "serve-cpu": { answers: { port: 8080, says: '{"version":"1.2.0","user":10001}' }, lacks: "humanize" },
      "train-cpu": { prints: "trained 1.2 million weights as user 10001" },
    },
  },
  {
    name: "pdm-service",
    options: [...python, "--serve", "python app.py", "--port", "9000"],
    stages: { "serve-cpu": { answers: { port: 9000, says: '{"user":10001}' }, lacks: "pytest" } },
  },
  {
    name: "piptools-service",
    options: python,
    stages: { "serve-cpu": { answers: { port: 5000, says: '{"twice":[2,4,6],"user":10001}' } } },
  },
  {
    name: "hatch-service",
    options: python,
    stages: {
      "serve-cpu": {
        answers: { port: 8000, says: '{"sum":3,"version":"2.0.1","user":10001}' },
        lacks: "humanize",
      },
    },
  },
  {
    name: "pipenv-script",
    options: python,
    stages: { "train-cpu": { prints: "counted to 1.0 million as user 10001" } },
  },
  {
    name: "r-service",
    options: [],
    stages: { "serve-cpu": { answers: { port: 8000, says: '{"mean":2.5,"user":10001}' } } },
  },
  { name: "r-script", options: [], stages: { "train-cpu": { prints: "counted to 2 as user 10001" } } },
  {
    name: "pixi-service",
    options: [],
    stages: { "serve-cpu": { answers: { port: 8000, says: '{"size":"4.1 kB","user":10001}' } } },
    locks: "pixi",
    channel: "pixi.toml",
  },
  {
    name: "conda-script",
    options: [],
    stages: { "train-cpu": { prints: "4.1 kB as user 10001, by /opt/conda/envs/app" } },
    channel: "environment.yml",
  },
  { name: "r-locked", options: [], stages: { "train-cpu": { prints: "summed to 6 as user 10001" } } },
];
