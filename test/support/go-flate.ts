import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "./run.ts";

/** Builds the program around compress/flate in `folder` with a `go`; returns its path. */
export async function buildGoFlate(go: string, folder: string): Promise<string> {
  const program = join(folder, "go-flate");
  // Neither settings nor other versions of Go shall have a say.
  const env = { ...process.env, GOENV: "off", GOFLAGS: "", GOTOOLCHAIN: "local", GO111MODULE: "on" };
  const folderOfSource = join(import.meta.dirname, "go-flate");
  const built = await run(go, ["build", "-o", program, "."], { cwd: folderOfSource, env });
  if (built.status !== 0) throw new Error(`go-flate cannot be built: ${built.stderr}`);
  return program;
}

/** The real compress/flate of some Go. */
export class GoFlate {
  readonly #process;
  readonly #answers: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(program: string) {
    this.#process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = this.#process.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Builds the program in `folder` with a `go` and starts it. */
  static async start(go: string, folder: string): Promise<GoFlate> {
    return new GoFlate(await buildGoFlate(go, folder));
  }

  /** What it makes of bytes at a level from -2 to 9. */
  async deflate(level: number, bytes: Buffer): Promise<Buffer> {
    const request = Buffer.alloc(5);
    request.writeInt8(level, 0);
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
