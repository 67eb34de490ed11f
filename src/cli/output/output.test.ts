import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DdiffError } from "../../util/errors.ts";
import { commands } from "../commands.ts";
import { commandHelp, overview } from "./help.ts";
import { asDdiffError, printError } from "./print-error.ts";
import { openProgress } from "./progress.ts";
import { barLine, barProgress } from "./progress-bars.ts";
import { lineProgress } from "./progress-lines.ts";
import { paint } from "./text.ts";

/** A stream that keeps what is written, and is a terminal if told so. */
function screen(isTTY = false): NodeJS.WriteStream & { text: string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 40, text: "" });
  stream.on("data", (chunk: Buffer) => {
    stream.text += chunk.toString();
  });
  return stream as unknown as NodeJS.WriteStream & { text: string };
}

describe("help", () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    "of %s fits 80 columns, but for long examples",
    (_name, command) => {
      const page = commandHelp(command, 80);
      for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMON OPTIONS", "EXAMPLES", "EXIT STATUS"]) {
        expect(page).toMatch(new RegExp(`^${title}`, "m"));
      }
      for (const option of Object.keys(command.options)) expect(page).toMatch(new RegExp(`--${option}\\b`));
      const long = page
        .split("\n")
        .filter((line) => line.length > 80 && !/^ {4,8}ddiff /.test(line) && !line.includes("DDIFF_URL="));
      expect(long).toEqual([]);
    },
  );

  test("the overview fits 80 columns", () => {
    expect(
      overview(commands, 80)
        .split("\n")
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });
});

describe("text", () => {
  test("colours are for terminals that want them", () => {
    const terminal = { isTTY: true, write() {} };
    expect(paint("red", "x", terminal, {})).toBe("\u001b[31mx\u001b[39m");
    expect(paint("red", "x", terminal, { NO_COLOR: "1" })).toBe("x");
    expect(paint("red", "x", terminal, { TERM: "dumb" })).toBe("x");
    expect(paint("red", "x", { isTTY: false, write() {} }, {})).toBe("x");
  });
});

describe("errors", () => {
  const error = new DdiffError("BASE_MISSING", "the base is missing", {
    hint: "Load it.",
    cause: new Error("why"),
  });

  test("are a sentence and a hint", () => {
    const out = screen();
    printError(error, out, { json: false, debug: false, env: {} });
    expect(out.text).toBe("ddiff: the base is missing\n  hint: Load it.\n");
  });

  test("are one object with --json", () => {
    const out = screen();
    printError(error, out, { json: true, debug: false, env: {} });
    expect(JSON.parse(out.text)).toEqual({
      error: { code: "BASE_MISSING", message: "the base is missing", hint: "Load it." },
    });
  });

  test("come with stack and causes with --debug", () => {
    const out = screen();
    printError(error, out, { json: false, debug: true, env: {} });
    expect(out.text).toMatch(/output\.test\.ts/);
    expect(out.text).toMatch(/cause[^]*why/);
  });

  test.each(["ENOSPC", "EDQUOT"])("that say %s are a full disk wherever they come from", (code) => {
    const full = Object.assign(new Error(`${code}: no space left, write`), { code });
    expect(asDdiffError(full)).toMatchObject({
      code: "DISK_FULL",
      exitStatus: 3,
      hint: expect.stringContaining("--tempdir"),
    });
  });

  test("of the system keep their code, others are called unexpected", () => {
    const locked = Object.assign(new Error("EACCES: permission denied, open 'x'"), { code: "EACCES" });
    expect(asDdiffError(locked)).toMatchObject({
      code: "EACCES",
      exitStatus: 3,
      hint: expect.stringContaining("permissions"),
    });
    expect(asDdiffError(new TypeError("x is undefined"))).toMatchObject({
      code: "UNEXPECTED",
      exitStatus: 3,
    });
    expect(asDdiffError("thrown")).toMatchObject({ code: "UNEXPECTED" });
    expect(asDdiffError(error)).toBe(error);
  });
});

describe("progress", () => {
  test("in a log is a line now and then for what moves, and one when it ends", async () => {
    const out = screen();
    const progress = lineProgress(out, 30);
    const short = progress.task("short", 10);
    short.advance(10);
    short.end();
    const task = progress.task("reading \u001b[1mlayer", 1_000_000);
    task.advance(250_000);
    await sleep(50);
    await sleep(50);
    task.advance(750_000);
    task.end();
    progress.note("base found");
    progress.close();
    expect(out.text).toBe(
      "reading \\x1b[1mlayer: 250 kB of 1 MB (25 %)\nreading \\x1b[1mlayer: ended after 1 MB\nbase found\n",
    );
  });

  test("of work without bytes tells of none", async () => {
    const out = screen();
    const progress = lineProgress(out, 20);
    const task = progress.task("installing torch");
    await sleep(50);
    task.end();
    progress.close();
    expect(out.text).toBe("installing torch\ninstalling torch: ended\n");
    expect(barLine("installing torch", { value: 0, total: 0, startTime: 0 }, 5000)).toBe("installing torch");
  });

  test("in a log gets rarer the longer a task takes", async () => {
    const out = screen();
    const progress = lineProgress(out, 20);
    const task = progress.task("long");
    for (let round = 0; round < 40; round += 1) {
      task.advance(1);
      await sleep(20);
    }
    task.end();
    progress.close();
    const lines = out.text.trimEnd().split("\n").length;
    // 1, 2, 4 and 8 rounds apart and the closing line; a slow machine may lose some of the rounds.
    expect(lines).toBeGreaterThan(2);
    expect(lines).toBeLessThan(10);
  });

  test("on a terminal is a bar that goes when its task ends, and the terminal is as before", async () => {
    const out = screen(true);
    const progress = barProgress(Object.assign(out, { cursorTo: undefined }));
    const task = progress.task("reading layer", 1_000_000);
    task.advance(500_000);
    progress.note("base found: app:1");
    await sleep(250);
    task.end();
    progress.close();
    progress.close();
    expect(out.text).toMatch(/reading layer .*████████████░░░░░░░░░░░░ {2}500 kB of 1 MB \(50 %\)/);
    expect(out.text).toContain("base found: app:1");
    expect(out.text.lastIndexOf("\u001b[?25h")).toBeGreaterThan(out.text.lastIndexOf("\u001b[?25l"));
    expect(out.text.lastIndexOf("\u001b[?7h")).toBeGreaterThan(out.text.lastIndexOf("\u001b[?7l"));
    const length = out.text.length;
    await sleep(250);
    expect(out.text.length).toBe(length);
  });

  test("a bar's line has amount, rate and time left", () => {
    const line = barLine("layer", { value: 25e6, total: 100e6, startTime: 0 }, 5000);
    expect(line).toMatch(/^layer +██████░+ {2}25 MB of 100 MB \(25 %\) {2}5 MB\/s {2}0:15 left$/);
    expect(barLine("x".repeat(50), { value: 5e6, total: 0, startTime: 0 }, 2000)).toBe(
      `${"x".repeat(31)}…  5 MB  2.5 MB/s`,
    );
    expect(barLine("l", { value: 1e6, total: 7.2e9, startTime: 0 }, 1000)).toMatch(/1:59:59 left$/);
  });

  test("with --quiet and --json there is none, on no kind of stream", async () => {
    for (const out of [screen(true), screen(false)]) {
      const progress = await openProgress(out, true);
      progress.note("x");
      progress.task("y", 1).end();
      progress.close();
      expect(out.text).toBe("");
    }
  });
});
