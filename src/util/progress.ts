/**
 * What long work says about itself. Rooms below the CLI only ever see this interface;
 * `cli/output/progress.ts` draws it, and `silent` is for tests and `--quiet`.
 */
export interface Progress {
  /** Starts one line of progress. `total` is in bytes where it is known. */
  task(label: string, total?: number): ProgressTask;
  /** One sentence that stays on the screen ("base found: torch-app:1"). */
  note(sentence: string): void;
}

/** One line of progress. Every task must be ended, also when it fails. */
interface ProgressTask {
  /** `bytes` more have been done. */
  advance(bytes: number): void;
  end(): void;
}

/** Progress that says nothing. */
export const silent: Progress = {
  task: () => ({ advance() {}, end() {} }),
  note() {},
};
