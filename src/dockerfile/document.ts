import type { LineIndex, Range } from "./text.ts";

/** A blank-separated word of an instruction. */
export interface Word extends Range {
  /** As written, quotes and escapes kept, continuation lines joined. */
  readonly raw: string;
}

/** A string of a JSON array, its quotes within the range. */
export interface JsonWord extends Range {
  readonly value: string;
}

/** `--mount=type=cache,target=/x` before an instruction's arguments. */
export interface Flag extends Range {
  /** `mount`, as written. */
  readonly name: string;
  /** What follows the `=`, as written; undefined where there is none. */
  readonly value: string | undefined;
}

/** A heredoc of RUN, COPY or ADD. */
export interface Heredoc {
  readonly name: string;
  /** The whole word `<<-"EOF"`. */
  readonly opener: Range;
  /** The lines between the opener's line and the closing line, with the last line end. */
  readonly body: Range;
  /** What a builder makes of the body: with `<<-`, leading tabs removed. */
  readonly content: string;
  /** Whether variables are expanded: the name was not quoted. */
  readonly expands: boolean;
}

/** Text put together from several places of a file, continuation marks and comment lines left out. */
export interface Joined {
  readonly text: string;
  /** The offset in the file of an offset in `text`; that of the end for the text's length. */
  offset(at: number): number;
}

/** One instruction with everything that was written of it. */
export interface Instruction extends Range {
  /** Upper case: `FROM`. */
  readonly keyword: string;
  readonly keywordRange: Range;
  /** First and last line, from 1, heredocs included. */
  readonly line: number;
  readonly endLine: number;
  readonly flags: readonly Flag[];
  /** What follows keyword and flags, without the blanks around it. */
  readonly body: Joined;
  readonly words: readonly Word[];
  /** The strings, where the body is a JSON array of strings; `undefined` means shell form, or no such thing. */
  readonly json: readonly JsonWord[] | undefined;
  readonly heredocs: readonly Heredoc[];
  /** What ONBUILD carries. */
  readonly trigger: Instruction | undefined;
  /** Index of its stage; -1 before the first FROM. */
  readonly stage: number;
  /** Lines (from 1) inside it that hold nothing but blanks, which builders take for a continuation with a warning. */
  readonly emptyContinuations: readonly number[];
}

/** `# text`, wherever it stands outside a heredoc. */
export interface Comment extends Range {
  readonly line: number;
  /** Without the `#` and the blanks around. */
  readonly text: string;
}

/** `# syntax=...`, `# escape=...`, `# check=...` at the very top. */
export interface Directive extends Range {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** What a builder refuses: the file is still read as far as it makes sense. */
export interface SyntaxProblem extends Range {
  readonly message: string;
}

/** What holds before an instruction runs. Variables are expanded as BuildKit does; an unknown value stays `undefined`. */
export interface State {
  /** ENV and ARG of this stage and of those it stands on, as far as they are in the file. ENV wins over ARG. */
  readonly variables: ReadonlyMap<string, string | undefined>;
  /** Only those by ENV. */
  readonly env: ReadonlyMap<string, string | undefined>;
  /** The user as written and expanded; undefined where nobody set one here. */
  readonly user: string | undefined;
  /** Absolute where it can be known; undefined where nobody set one here. */
  readonly workdir: string | undefined;
  /** `["/bin/sh", "-c"]` where nobody set another. */
  readonly shell: readonly string[];
}

/** Where a stage starts from. */
export type StageBase =
  | { readonly kind: "image"; readonly image: string }
  | { readonly kind: "stage"; readonly stage: Stage }
  | { readonly kind: "scratch" }
  /** A variable without a value. */
  | { readonly kind: "unknown" };

/** One FROM and what follows it. */
export interface Stage {
  readonly index: number;
  /** Lower case, as builders compare names. */
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The image's name as written, and where. */
  readonly image: Word | undefined;
  /** The name after AS, as written. */
  readonly alias: Word | undefined;
  readonly base: StageBase;
  /** Expanded. */
  readonly platform: string | undefined;
  /** FROM first. */
  readonly instructions: readonly Instruction[];
  /** The stages it takes from: FROM, COPY --from, RUN --mount from=. */
  readonly uses: readonly Stage[];
  /** Whether the last stage needs it, or it is the last. */
  readonly reached: boolean;
  /** What holds after its last instruction. */
  readonly end: State;
}

/** A Dockerfile as BuildKit reads it, with the place of everything. */
export interface Dockerfile {
  readonly kind: "dockerfile";
  readonly text: string;
  readonly lines: LineIndex;
  readonly escape: "\\" | "`";
  readonly directives: readonly Directive[];
  readonly comments: readonly Comment[];
  /** In order, also those of which a builder would not know the keyword. */
  readonly instructions: readonly Instruction[];
  readonly stages: readonly Stage[];
  /** ARG before the first FROM. */
  readonly globals: ReadonlyMap<string, string | undefined>;
  readonly problems: readonly SyntaxProblem[];
  /** What holds before an instruction of this file. */
  before(instruction: Instruction): State;
}
