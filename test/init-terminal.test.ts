import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ddiff, repository } from "./support/run.ts";
import { openTerminal, type Terminal } from "./support/terminal.ts";

let folder = "";
const open: Terminal[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ddiff-init-terminal-"));
  mkdirSync(join(folder, "app"));
  put("requirements.txt", "fastapi==0.115.0\nuvicorn==0.30.0\ntorch==2.9.1\n");
  put(
    "app/main.py",
    'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("/health")\ndef health():\n    return {}\n',
  );
});

afterEach(async () => {
  for (const screen of open.splice(0)) await screen.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("ddiff init on a terminal", () => {
  it("asks, puts a question again where the answer cannot be, and writes", async () => {
    const screen = init();
    await screen.see("Where that is not so: --manager, --framework,");
    await screen.see("Which GPUs does it run on? (rtx4090, h100; any; none) [any] ");
    screen.type("rtx4091");
    await screen.see("the catalogue has no GPU");
    await screen.see("[any] ");
    screen.type("rtx4090");
    await screen.see("NVIDIA's driver there? (550, as nvidia-smi says; new) [new] ");
    screen.type("470");
    await screen.see("does not run on driver 470");
    await screen.see("[new] ");
    screen.type("550");
    await screen.see("Python? [");
    screen.type("3.12");
    await screen.see("The command that answers requests? [uvicorn app.main:app --host 0.0.0.0 --port 8000] ");
    screen.type("");
    await screen.see("Its port? [8000] ");
    screen.type("no number");
    await screen.see("Its port? [8000] ");
    screen.type("9000");
    await screen.see("Where are images pushed? (ghcr.io/lab) [none] ");
    screen.type("ghcr.io/lab");
    await screen.see("What is to be written?");
    screen.type("dockerfile, compose");
    const files = await screen.see("Write them? (yes, no) [yes] ");
    expect(files).toMatch(/Dockerfile .* new\n/);
    expect(existsSync(join(folder, "Dockerfile"))).toBe(false);
    screen.type("");
    await screen.see("3 files written");
    expect(await screen.end()).toBe(0);
    expect(read("compose.yaml")).toContain('"127.0.0.1:9000:9000"');
    expect(parse(read("ddiff.yaml"))).toMatchObject({
      choices: {
        gpus: ["rtx4090"],
        driver: "550",
        port: 9000,
        registry: "ghcr.io/lab",
        only: ["dockerfile", "compose"],
      },
    });
  });

  it("asks of each file that it would take from somebody: yes, no, diff, keep", async () => {
    await ddiff(["init", "--yes"], { cwd: folder });
    const mine = "# mine\n";
    for (const path of ["Dockerfile", "compose.yaml", ".dockerignore"]) put(path, mine);
    const screen = init("--registry", "ghcr.io/lab");
    await defaults(screen, ["pushed?"]);
    await screen.see(
      "Dockerfile was changed since ddiff wrote it. Overwrite it? (yes, no, diff, keep: never ask again) [no] ",
    );
    screen.type("diff");
    const patch = await screen.see("[no] ");
    expect(patch).toContain("--- a/Dockerfile\n+++ b/Dockerfile\n");
    expect(patch).toContain("\n-# mine\n");
    screen.type("yes");
    await screen.see("compose.yaml was changed since ddiff wrote it. Overwrite it?");
    screen.type("");
    await screen.see(".dockerignore was changed since ddiff wrote it. Overwrite it?");
    screen.type("keep");
    await screen.see("Write them? (yes, no) [yes] ");
    screen.type("yes");
    await screen.see("left: compose.yaml");
    expect(await screen.end()).toBe(0);
    expect(read("Dockerfile")).toContain("AS serve-cpu");
    expect([read("compose.yaml"), read(".dockerignore")]).toEqual([mine, mine]);
    const again = init();
    await defaults(again, ["pushed?"]);
    expect(await again.see("Overwrite it?")).not.toContain(".dockerignore was");
    again.type("no");
    await again.see("Write them? (yes, no) [yes] ");
    again.type("no");
    await again.see("nothing was written");
    expect(await again.end()).toBe(1);
    expect(parse(read("ddiff.yaml"))).toMatchObject({ yours: [".dockerignore"] });
  });

  it.each(["ctrl-c", "ctrl-d"] as const)("writes nothing after %s", async (key) => {
    const screen = init();
    await screen.see("[any] ");
    screen.press(key);
    await screen.see("nothing was written");
    expect(await screen.end()).not.toBe(0);
    expect(existsSync(join(folder, "ddiff.yaml"))).toBe(false);
  });
});

/** Enter at every question but those that are answered by a flag, or by ddiff.yaml, up to the files. */
async function defaults(screen: Terminal, answered: readonly string[] = []): Promise<void> {
  for (const question of [
    "Which GPUs",
    "driver there?",
    "Python?",
    "answers requests?",
    "Its port?",
    "pushed?",
    "to be written?",
  ]) {
    if (answered.includes(question)) continue;
    await screen.see(question);
    await screen.see("] ");
    screen.type("");
  }
}

function init(...words: string[]): Terminal {
  const screen = openTerminal(
    process.execPath,
    [join(repository, "src", "main.ts"), "init", ...words],
    folder,
  );
  open.push(screen);
  return screen;
}

function put(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}
