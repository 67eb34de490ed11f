import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { DdiffError } from "../../../util/errors.ts";
import { findProgram } from "./host-programs.ts";
import { type IdMap, writeIdMap } from "./ids.ts";
import { namespaceScript } from "./namespace-script.ts";
import { RunningProcess } from "./process.ts";
import type { Ran } from "./runner.ts";

/** Where a namespace begins. */
export interface NamespaceSpec {
  /** Has `lower` and the run's folder. */
  folder: string;
  /** The run's folder in it, one name. */
  run: string;
  ids: IdMap;
  /** A line for binfmt_misc, or "". */
  emulator: string;
  /** What leads into the image, by full paths of this system's programs. */
  words: readonly string[];
}

/** What is needed of this system. */
export const neededPrograms = [
  "sh",
  "unshare",
  "setpriv",
  "nsenter",
  "env",
  "mount",
  "umount",
  "pivot_root",
] as const;
const hostEnv = { PATH: "/usr/bin:/usr/sbin:/bin:/sbin", LC_ALL: "C" };

/** A command in namespaces of its own: users, files, processes, network. All of it ends when this process does, however that happens. */
export class Namespace {
  readonly process: RunningProcess;
  /** Settled when the command is about to run. Fails with `RUNNER_FAILED` where that cannot be had. */
  readonly ready: Promise<void>;
  /** What the namespace says of itself besides: `no-overlay`, `no-loopback`. */
  readonly said = new Set<string>();
  readonly #ids: IdMap;
  #status: number | undefined;

  constructor({ folder, run, ids, emulator, words }: NamespaceSpec) {
    this.#ids = ids;
    const args = ["--pdeathsig", "KILL", hostProgram("unshare")];
    args.push("--user", "--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child");
    // Who makes a namespace has no rights in it before its users are there, and gets them by the next exec, which forgets the signal.
    args.push(
      hostProgram("sh"),
      "-c",
      'echo ask >&3 && read -r go && exec setpriv --pdeathsig KILL sh -c "$@"',
      "sh",
      namespaceScript,
      "ddiff",
    );
    args.push(run, emulator, ...words);
    this.process = new RunningProcess(hostProgram("setpriv"), args, {
      env: hostEnv,
      cwd: folder,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      ...(ids.kind === "range" ? { uid: ids.first, gid: ids.first } : {}),
    });
    this.ready = this.#begin();
    this.ready.catch(() => undefined);
  }

  /** How the command ended. Throws what `ready` does. */
  async ended(): Promise<Ran> {
    await this.ready;
    return this.#commandOf(await this.process.ended);
  }

  /** How the command ended; undefined while it runs. */
  ran(): Ran | undefined {
    const ran = this.process.ran();
    return ran === undefined ? undefined : this.#commandOf(ran);
  }

  /** The command's own end: that of the namespace tells nothing of it, where it did not have to be killed. */
  #commandOf(ran: Ran): Ran {
    const status = this.#status ?? ran.status;
    const failed = /^unshare: failed to execute (.*)$/m.exec(ran.stderr)?.[1];
    const isUnstarted = failed !== undefined && (status === 126 || status === 127);
    return { ...ran, status, ...(isUnstarted ? { unstarted: failed } : {}) };
  }

  /** Words that run a command in these namespaces, for this system. */
  async enter(words: readonly string[]): Promise<readonly string[]> {
    const { pid } = this.process.child;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    const first = children.trim().split(" ")[0] ?? "";
    const credentials = this.#ids.kind === "self" ? ["--preserve-credentials"] : [];
    const into = ["--user", "--mount", "--net", "--pid", "--ipc", "--uts"];
    return [hostProgram("nsenter"), "--target", first, ...into, ...credentials, "--", ...words];
  }

  async #begin(): Promise<void> {
    const { child } = this.process;
    const stdin = child.stdin as Writable;
    stdin.on("error", () => {});
    const [, , , status] = child.stdio;
    const lines = createInterface({ input: status as Readable });
    let isReady = false;
    const reading = new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        if (line === "ask") {
          writeIdMap(this.#ids, child.pid ?? 0)
            .then(() => stdin.end("go\n"))
            .catch(reject);
        } else if (line === "ready") {
          isReady = true;
          resolve();
        } else if (line.startsWith("status ")) this.#status = Number(line.slice("status ".length));
        else this.said.add(line);
      });
    });
    const over = Promise.all([this.process.ended, once(lines, "close")]).then(([ran]) => {
      if (!isReady) throw failed(ran.unstarted ?? ran.stderr.trim().split("\n").at(-1) ?? "");
    });
    try {
      await Promise.race([reading, over]);
    } catch (error) {
      child.kill("SIGKILL");
      throw error instanceof DdiffError ? error : failed(String(error));
    }
  }
}

/** The full path of a program that `neededPrograms` names. */
export function hostProgram(name: (typeof neededPrograms)[number]): string {
  const found = findProgram(name);
  if (found === undefined) throw failed(`the program ${name} is not installed`);
  return found;
}

function failed(why: string): DdiffError {
  return new DdiffError("RUNNER_FAILED", `no namespace can be made here to run the image in: ${why}`, {
    hint: "Use an engine with --runner docker or --runner podman, or look at the image alone with --runner none.",
  });
}
