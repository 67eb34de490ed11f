import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** A program on a pseudo-terminal of its own, and the person in front of it. */
export interface Terminal {
  /**
   * What the screen shows since the last call, up to and with `text`; waits until it is there. Colours and movements of the cursor are left
   * out. Fails with what it shows where the program ends before, or says nothing more for 20 seconds.
   */
  see(text: string): Promise<string>;
  /** Types a line, with Enter. */
  type(line: string): void;
  /** Presses a key that is no letter. */
  press(key: "ctrl-c" | "ctrl-d"): void;
  /** Waits for the end of the program: its exit status. */
  end(): Promise<number | null>;
  /** Takes the terminal away, if the program still runs. */
  close(): Promise<void>;
}

/** Milliseconds. */
const patience = 20_000;

const keys = { "ctrl-c": "\u0003", "ctrl-d": "\u0004" } as const;

/** Starts a program on a terminal of 120 columns, by script(1) of util-linux. */
export function openTerminal(program: string, words: readonly string[], cwd: string): Terminal {
  const line = [program, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `stty cols 120 rows 40; exec ${line}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "xterm", SHELL: "/bin/sh" },
  });
  let screen = "";
  let ended = false;
  let changed: (() => void) | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += stripVTControlCharacters(text);
    changed?.();
  });
  const status = new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      ended = true;
      changed?.();
      done(code);
    });
  });
  return {
    async see(text) {
      while (!screen.includes(text)) {
        const news = Promise.withResolvers<boolean>();
        changed = () => news.resolve(true);
        const deadline = setTimeout(() => news.resolve(false), patience);
        const isOver = ended || !(await news.promise);
        clearTimeout(deadline);
        if (isOver) throw new Error(`no ${JSON.stringify(text)} on the screen:\n${screen}`);
      }
      const end = screen.indexOf(text) + text.length;
      const seen = screen.slice(0, end).replaceAll("\r\n", "\n");
      screen = screen.slice(end);
      return seen;
    },
    type: (text) => child.stdin.write(`${text}\r`),
    press: (key) => child.stdin.write(keys[key]),
    end: () => status,
    async close() {
      child.kill();
      await status;
    },
  };
}
