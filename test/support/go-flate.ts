import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "./run.ts";

/** One of the Go programs beside this file. */
export interface GoProgram {
  source: "go-flate" | "go-pgzip" | "go-estargz" | "go-zstd" | "go-chunked";
  /** A .mod file in its folder, where it may be built with several versions of what it needs. */
  versions?: string;
  words?: string[];
  /** A tag of Go's that chooses among its files. */
  tag?: string;
  /** The version of Go that builds it, where not the named one does: "go1.27.4". */
  toolchain?: string;
}

/** Builds a program in `folder` with a `go`, the one around compress/flate if none is named; returns its path. */
export async function buildGoFlate(
  go: string,
  folder: string,
  { source, versions, tag = "", toolchain = "local" }: GoProgram = { source: "go-flate" },
): Promise<string> {
  const program = join(folder, source);
  // Neither settings nor other versions of Go shall have a say.
  const env = { ...process.env, GOENV: "off", GOFLAGS: "", GOTOOLCHAIN: toolchain, GO111MODULE: "on" };
  const kept = process.env["DDIFF_TEST_GO_MODULES"];
  const modules = versions === undefined ? [] : [`-modfile=${versions}`];
  const built = await run(go, ["build", "-tags", tag, ...modules, "-o", program, "."], {
    cwd: join(import.meta.dirname, source),
    env: kept === undefined ? env : { ...env, GOMODCACHE: kept },
  });
  if (built.status !== 0) throw new Error(`${source} cannot be built: ${built.stderr}`);
  return program;
}

/** The real compress/flate of some Go, or the real pgzip. */
export class GoFlate {
  readonly #process;
  readonly #answers: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(program: string, words: string[]) {
    this.#process = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = this.#process.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Builds the program in `folder` with a `go` and starts it. */
  static async start(go: string, folder: string, program?: GoProgram): Promise<GoFlate> {
    return new GoFlate(await buildGoFlate(go, folder, program), program?.words ?? []);
  }

  /** What it makes of bytes at a level from -2 to 9; compress/flate may be flushed before it is closed. */
  async deflate(level: number, bytes: Buffer, flushed = false): Promise<Buffer> {
    const request = Buffer.alloc(5);
    request.writeInt8(flushed ? level + 32 : level, 0);
    request.writeUInt32LE(bytes.length, 1);
    this.#process.stdin.write(request);
    this.#process.stdin.write(bytes);
    const size = (await this.#read(4)).readUInt32LE(0);
    return this.#read(size);
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null) await once(this.#process, "exit");
  }

  async #read(size: number): Promise<Buffer> {
    const parts = [this.#rest];
    for (let have = this.#rest.length; have < size; ) {
      const next = await this.#answers.next();
      if (next.done === true) throw new Error("the program of compress/flate ended");
      parts.push(next.value);
      have += next.value.length;
    }
    const all = Buffer.concat(parts);
    this.#rest = all.subarray(size);
    return all.subarray(0, size);
  }
}
