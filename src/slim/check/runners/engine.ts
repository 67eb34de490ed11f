import { setTimeout as wait } from "node:timers/promises";
import type { PlaceContext } from "../../../places/place.ts";
import { isAbandoned, processMark } from "../../../util/process-mark.ts";
import { endOf, RunningProcess } from "./process.ts";
import type { Ran, Runner, RunRequest, Service } from "./runner.ts";

/** A program of an engine, and the image there. */
export interface EngineImage {
  program: "docker" | "podman";
  /** Name or ID. */
  image: string;
  /** `linux/arm64`: engines that hold several take theirs otherwise. */
  platform: string;
  /** Whether the image was brought only for this, so that it goes with the runner. */
  isOurs: boolean;
  context: PlaceContext;
}

/** Containers and images of ours begin so; what follows tells whose they are (util/process-mark.ts). */
const prefix = "ddiff-check";
/** Seconds for what only clears away or looks. */
const shortly = 60;
/** Milliseconds between two looks at whether a container has started. */
const moment = 50;
/** Exit status with which docker and podman say that they themselves failed (docker-run(1)). */
const engineFailed = 125;

/** A name for an image that is brought to an engine for a while. */
export function passingName(): string {
  return `${prefix}:${processMark()}`;
}

/** Runs commands in containers of Docker or Podman, by their programs. First clears away what killed runs left there. */
export async function engineRunner(engine: EngineImage): Promise<Runner> {
  const runner = new EngineRunner(engine);
  await runner.clearAbandoned();
  return runner;
}

class EngineRunner implements Runner {
  readonly name: string;
  readonly notes: readonly string[] = [];
  readonly #engine: EngineImage;
  readonly #mark = processMark();
  readonly #containers = new Set<string>();
  readonly #images = new Set<string>();
  #count = 0;

  constructor(engine: EngineImage) {
    this.name = engine.program;
    this.#engine = engine;
    if (engine.isOurs) this.#images.add(engine.image);
  }

  async run(request: RunRequest): Promise<Ran> {
    const prepared = await this.#prepare(request);
    const after = request.teardown ?? [];
    const { ran, left } = await this.#step(prepared.image, request, request.words, after.length > 0);
    let image = left;
    for (const words of after) image = (await this.#step(image, request, words, true)).left;
    await this.#forget([...prepared.made, ...(left === prepared.image ? [] : [left])]);
    return ran;
  }

  async serve(request: RunRequest): Promise<Service> {
    const { image } = await this.#prepare(request);
    const name = this.#newName();
    const running = this.#start(["run", ...this.#options(name, request), image, ...(request.words ?? [])]);
    running.limit(request.seconds);
    this.#containers.add(name);
    await this.#started(name, running);
    const user = userOption(request);
    return {
      exec: (words, seconds) => this.#finish(this.#start(["exec", ...user, name, ...words]).limit(seconds)),
      ended: () => running.ran(),
      stop: async () => {
        await this.#remove(name);
        return running.ended;
      },
    };
  }

  /** Waits until a container runs or has ended: before, nothing can be run in it. */
  async #started(name: string, running: RunningProcess): Promise<void> {
    for (const end = Date.now() + shortly * 1000; Date.now() < end && running.ran() === undefined; ) {
      const { stdout } = await this.#quietly(["inspect", "--format", "{{.State.Status}}", name]);
      if (/^(?:running|exited|dead|stopped)/.test(stdout)) return;
      await wait(moment);
    }
  }

  async close(): Promise<void> {
    for (const name of this.#containers) await this.#remove(name);
    await this.#forget([...this.#images].reverse());
  }

  /** Removes containers and images of runs that are dead. */
  async clearAbandoned(): Promise<void> {
    const pattern = new RegExp(`${prefix}[-:](\\d+-\\d+-[0-9a-z]+-[0-9a-f]+)`);
    const clear = async (list: readonly string[], remove: readonly string[]): Promise<void> => {
      const { stdout } = await this.#quietly(list);
      for (const name of stdout.split("\n").map((line) => line.trim())) {
        const mark = pattern.exec(name)?.[1];
        if (mark !== undefined && (await isAbandoned(mark, ""))) await this.#quietly([...remove, name]);
      }
    };
    await clear(
      ["ps", "--all", "--filter", `name=${prefix}-`, "--format", "{{.Names}}"],
      ["rm", "--force", "--volumes"],
    );
    await clear(["images", "--format", "{{.Repository}}:{{.Tag}}"], ["rmi", "--force"]);
  }

  /** The image that a request's setup leaves behind. */
  async #prepare(request: RunRequest): Promise<{ image: string; made: string[] }> {
    const made: string[] = [];
    let { image } = this.#engine;
    for (const words of request.setup ?? []) {
      ({ left: image } = await this.#step(image, request, words, true));
      made.push(image);
    }
    return { image, made };
  }

  /** Runs one command; where its files are wanted they become an image. */
  async #step(
    image: string,
    request: RunRequest,
    words: readonly string[] | undefined,
    keep: boolean,
  ): Promise<{ ran: Ran; left: string }> {
    const name = this.#newName();
    this.#containers.add(name);
    const args = ["run", ...this.#options(name, { ...request, words }), image, ...(words ?? [])];
    const ran = await this.#finish(this.#start(args).limit(request.seconds));
    let left = image;
    if (keep && ran.unstarted === undefined) {
      if (ran.late) await this.#quietly(["kill", name]);
      const tag = `${prefix}:${this.#mark}-${++this.#count}`;
      this.#images.add(tag);
      const committed = await this.#quietly(["commit", name, tag]);
      if (committed.status === 0) left = tag;
    }
    await this.#remove(name);
    return { ran, left };
  }

  #options(name: string, request: RunRequest): string[] {
    const { env = new Map<string, string>(), folder = "", options, words } = request;
    return [
      `--name=${name}`,
      "--pull=never",
      `--platform=${this.#engine.platform}`,
      "--network=none",
      "--log-driver=none",
      ...(words === undefined ? [] : ["--entrypoint", ""]),
      ...userOption(request),
      ...(folder === "" ? [] : [`--workdir=${folder}`]),
      ...[...env].map(([key, value]) => `--env=${key}=${value}`),
      ...(options?.privileged === true ? ["--privileged"] : []),
      ...(options?.allocateTty === true ? ["--tty"] : []),
      ...(options?.capabilities ?? []).map((capability) => `--cap-add=${capability}`),
      ...(options?.bindMounts ?? []).map((mount) => `--volume=${mount}`),
    ];
  }

  #start(args: readonly string[]): RunningProcess {
    return new RunningProcess(this.#engine.program, args, { env: this.#engine.context.env });
  }

  async #finish(running: RunningProcess): Promise<Ran> {
    const ran = await endOf(running, this.#engine.context.signal);
    if (ran.status !== engineFailed || !/^(?:docker|Error): /m.test(ran.stderr)) return ran;
    return { ...ran, unstarted: lastLine(ran.stderr) };
  }

  /** Runs what must be done also after an abort. */
  async #quietly(args: readonly string[]): Promise<Ran> {
    return this.#start(args).limit(shortly).ended;
  }

  async #remove(name: string): Promise<void> {
    // Podman asks a container to end first, and waits.
    const atOnce = this.#engine.program === "podman" ? ["--time=0"] : [];
    await this.#quietly(["rm", "--force", ...atOnce, "--volumes", name]);
    this.#containers.delete(name);
  }

  /** Removes images of ours, the last made first. */
  async #forget(images: readonly string[]): Promise<void> {
    for (const image of images) {
      if (!this.#images.has(image)) continue;
      await this.#quietly(["rmi", "--force", image]);
      this.#images.delete(image);
    }
  }

  #newName(): string {
    return `${prefix}-${this.#mark}-${++this.#count}`;
  }
}

function userOption({ user = "", options }: RunRequest): string[] {
  const wanted = user === "" ? (options?.user ?? "") : user;
  return wanted === "" ? [] : [`--user=${wanted}`];
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
