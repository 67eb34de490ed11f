import type { Compose } from "../dockerfile/compose.ts";
import type { Dockerfile } from "../dockerfile/document.ts";
import type { IgnoreFile } from "../dockerfile/ignore-file.ts";
import type { Range } from "../dockerfile/text.ts";

/** How much it matters: `error` breaks or endangers, `warning` wastes or will break, `info` could be better, `off` only when asked for. */
export type Severity = "error" | "warning" | "info" | "off";

/** One replacement in a file. An empty range inserts. */
export interface Edit extends Range {
  readonly text: string;
}

/** A way to mend a finding. */
export interface Fix {
  /** What is done, in the imperative: "add --no-cache-dir". */
  readonly title: string;
  /** `safe` never changes what the build does beyond the finding; `unsafe` may. */
  readonly risk: "safe" | "unsafe";
  /** In any order, not overlapping. All or none is applied. */
  readonly edits: readonly Edit[];
}

/** What a rule reports. */
export interface Report {
  readonly at: Range;
  /** One sentence without a full stop that names the thing: "pip keeps 1.2 GB of wheels in /root/.cache/pip". */
  readonly message: string;
  /** Bytes that the image or the build context carries because of it, estimated; undefined where it cannot be said. */
  readonly waste?: number;
  readonly fix?: Fix;
}

/** The machine that an image is meant for, as named by `--gpu` and `--driver`. */
export interface Target {
  /** Compute capabilities: 8.9 for an RTX 4090. */
  readonly gpus: readonly { readonly name: string; readonly capability: string; readonly geforce: boolean }[];
  /** `550` or `550.54.15`. */
  readonly driver: string | undefined;
}

/** What the value of a label must be. */
export type LabelKind = "text" | "url" | "semver" | "hash" | "rfc3339" | "spdx" | "email";

/** Settings of .ddiff.yaml that some rules are about; such a rule is silent where its setting is not there. */
export interface RuleOptions {
  /** Registries that images may come from, `*` fits any part: `docker.io`, `*.lab.example`. */
  readonly allowedRegistries: readonly string[] | undefined;
  /** Labels that an image must have. */
  readonly labels: ReadonlyMap<string, LabelKind> | undefined;
  /** Whether other labels than these are wrong. */
  readonly strictLabels: boolean;
}

/** What a rule may know besides its file. Reads happen on first use and are kept. */
export interface LintContext {
  /** The file as the user names it. */
  readonly path: string;
  readonly target: Target;
  readonly options: RuleOptions;
  /** For dates of end of life: milliseconds since 1970. */
  readonly today: number;
  /** The .dockerignore that holds for the build of this file, if there is one. */
  readonly ignore: IgnoreFile | undefined;
  /** The text of a file of the build context by its path there, `undefined` when there is none, when it is outside, or beyond 1 MiB. */
  read(path: string): string | undefined;
  /** Names that bake and compose files give to further build contexts, which FROM and COPY take in place of images. */
  readonly contexts: ReadonlySet<string>;
  /** Files of the build context, .git left out, at most 20,000; undefined when there is no context (standard input). */
  readonly files: readonly { readonly path: string; readonly size: number }[] | undefined;
}

/** What a person sees of a rule. */
export interface RuleInfo {
  /** Lower case with dashes, unique: `pip-cache-kept`. */
  readonly name: string;
  /** A heading of the list of rules. */
  readonly group:
    | "syntax"
    | "base"
    | "cuda"
    | "caches"
    | "packages"
    | "layers"
    | "python"
    | "shell"
    | "security"
    | "runtime"
    | "compose"
    | "ignore"
    | "labels"
    | "style";
  readonly severity: Severity;
  /** Ids of other linters that mean the same: `DL3042`, `SecretsUsedInArgOrEnv`, `DS-0026`, `CKV_DOCKER_2`. Ignores by them count. */
  readonly aliases: readonly string[];
  /** One sentence: what it finds. */
  readonly meaning: string;
  /** Two to five sentences: why it matters, with numbers and their source where there are any, and when not to follow it. */
  readonly why: string;
  /** Examples: `bad` has a finding of this rule, `good` has none; both parse. `files` are what else is in the build context. */
  readonly examples: readonly Example[];
}

/** A pair for the docs and for the test. */
export interface Example {
  readonly bad: string;
  readonly good: string;
  /** What `ddiff fix` (with `unsafe` fixes too) makes of `bad`, where the rule has a fix. */
  readonly fixed?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly target?: Partial<Target>;
  readonly options?: Partial<RuleOptions>;
}

/** A rule over one kind of file. */
export type Rule =
  | (RuleInfo & {
      readonly kind: "dockerfile";
      check(file: Dockerfile, report: (finding: Report) => void, context: LintContext): void;
    })
  | (RuleInfo & {
      readonly kind: "compose";
      check(file: Compose, report: (finding: Report) => void, context: LintContext): void;
    })
  | (RuleInfo & {
      readonly kind: "ignore";
      check(file: IgnoreFile, report: (finding: Report) => void, context: LintContext): void;
    });

/** Keeps a rule's kind while it is written as data. */
export function defineRule<const One extends Rule>(rule: One): One {
  return rule;
}
