import type { PlaceContext } from "../places/place.ts";
import type { Style } from "./output/text.ts";

/** What a shell may offer while a value is typed. */
export type Completion = "file" | "directory" | "bundle" | "place" | "command";

/** An option, keyed in its command by its long name without dashes. */
export interface OptionSpec {
  /** One letter. */
  short?: string;
  /** How help calls the value: `FILE`. An option without one is a switch. */
  value?: string;
  /** May be given several times. */
  many?: true;
  help: string;
  choices?: readonly string[];
  complete?: Completion;
}

export type OptionSpecs = Record<string, OptionSpec>;

/** The values of options by long name: a list, a text, or whether a switch was given. */
export type OptionValues<Specs extends OptionSpecs> = {
  [Name in keyof Specs]: Specs[Name] extends { many: true }
    ? string[]
    : Specs[Name] extends { value: string }
      ? string | undefined
      : boolean;
};

/** A positional argument. */
export interface ArgumentSpec {
  name: string;
  help: string;
  required?: true;
  /** Only on the last one: takes all that is left. */
  many?: true;
  choices?: readonly string[];
  complete?: Completion;
}

/** One line that works as it stands, and what it does. */
interface Example {
  command: string;
  text: string;
}

/** What a command hands back for printing. Nothing else writes to standard output, but a bundle on `-o -`. */
export interface Outcome {
  /** 0 done (when not said), 1 the answer is no. */
  status?: 0 | 1;
  /** What `--json` prints. */
  json: unknown;
  /** What was asked for (a listing): printed also with `--quiet`. */
  answer?: string;
  /** The answer goes out byte for byte: the command has coloured it and made it harmless, or it is for machines. */
  raw?: true;
  /** What was done, the number a person came for last: left out with `--quiet`. */
  summary?: string[];
}

/** One call of a command. */
export interface Call<Specs extends OptionSpecs = OptionSpecs> {
  args: string[];
  options: OptionValues<Specs>;
  env: Record<string, string | undefined>;
  json: boolean;
  quiet: boolean;
  /** Standard output: whether a person sees it, colours where it takes them, and its columns. */
  screen: { terminal: boolean; paint: (style: Style, text: string) => string; width: number };
  /** Makes the temporary folder and the progress on the first call; the runner clears both away. */
  context(): Promise<PlaceContext>;
  /** Aborted when the process is told to end. */
  signal: AbortSignal;
  /**
   * Says that this runs until `signal`: it may take so many milliseconds to end then, and its own exit status counts. SIGHUP without a
   * terminal calls `hangup` and ends nothing.
   */
  serve(patience: number, hangup: () => void): void;
  /** Says that a bundle goes to standard output: results and errors go to standard error from then on. Throws `USAGE` on a terminal. */
  takeStdout(): void;
}

/** A command as data. `run` imports what it needs only when called, so that help and completion start fast. */
export interface Command<Specs extends OptionSpecs = OptionSpecs> {
  name: string;
  /** Half a line for lists. */
  summary: string;
  /** What stands after `ddiff`, one line per form. */
  usage: string[];
  /** Paragraphs. */
  description: string[];
  arguments: ArgumentSpec[];
  options: Specs;
  examples: Example[];
  /** Options end at the first word that is not one of the command's own; the rest arrives untouched in `args`. */
  passThrough?: true;
  run(call: Call<Specs>): Promise<Outcome>;
}

/** Keeps the names and kinds of a command's options for its `run`. */
export function defineCommand<const Specs extends OptionSpecs>(command: Command<Specs>): Command<Specs> {
  return command;
}
