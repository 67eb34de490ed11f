import { setTimeout as wait } from "node:timers/promises";
import type { PlaceContext } from "../../../places/place.ts";
import { DdiffError } from "../../../util/errors.ts";
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
/**
 * How docker and podman say that the command was not started (docker-run(1)): 125 where they themselves failed, 126 and 127 also for what
 * the container's runtime could not do. A command may end so too, but does not speak like them.
 */
const unstarted: Readonly<Record<number, RegExp>> = {
  125: /^(?:docker|Error): /m,
  126: /^(?:docker: Error|Error: .*(?:runc|crun|OCI))/m,
  127: /^(?:docker: Error|Error: .*(?:runc|crun|OCI))/m,
};
/** How each hands all GPUs to a container (NVIDIA Container Toolkit). */
const gpuOptions = { docker: "--gpus=all", podman: "--device=nvidia.com/gpu=all" } as const;
/** A program that no image has. */
const nobody = "/ddiff-looks-whether-containers-start";

/** A name for an image that is brought to an engine for a while. */
export function passingName(): string {
  return `${prefix}:${processMark()}`;
}

/**
 * Runs commands in containers of Docker or Podman, by their programs. First clears away what killed runs left there. Throws `RUNNER_FAILED`
 * where the engine has the image and yet cannot start a container of it; the image then goes, if it is ours.
 */
export async function engineRunner(engine: EngineImage): Promise<Runner> {
  const runner = new EngineRunner(engine);
  try {
    await runner.clearAbandoned();
    await runner.tryOut();
    return runner;
  } catch (error) {
    await runner.close();
    throw error;
  }
}

/** Removes the image of a runner that did not come to be. */
export async function removeEngineImage(engine: EngineImage): Promise<void> {
  await new EngineRunner(engine).close();
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
    if (prepared.problem !== undefined) return prepared.problem;
    const after = request.teardown ?? [];
    const { ran, left } = await this.#step(prepared.image, request, request.words, after.length > 0);
    let image = left;
    for (const words of after) image = (await this.#step(image, request, words, true)).left;
    await this.#forget([...prepared.made, ...(left === prepared.image ? [] : [left])]);
    return ran;
  }

  async serve(request: RunRequest): Promise<Service> {
    const { image, problem } = await this.#prepare(request);
    if (problem !== undefined)
      return { exec: async () => problem, ended: () => problem, stop: async () => problem };
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

  /** Whether containers start here: only then a program that is not there is what is missed. */
  async tryOut(): Promise<void> {
    const { ran } = await this.#step(
      this.#engine.image,
      { words: [nobody], seconds: shortly },
      [nobody],
      false,
    );
    if (ran.status === 127) return;
    throw new DdiffError(
      "RUNNER_FAILED",
      `${this.name} starts no container of ${this.#engine.image}: ${errorLine(ran.stderr)}`,
      { hint: "Choose another runner with --runner, or look at the image alone with --runner none." },
    );
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

  /** The image that a request's setup leaves behind; a problem where the engine cannot keep what it did. */
  async #prepare(request: RunRequest): Promise<{ image: string; made: string[]; problem?: Ran }> {
    const made: string[] = [];
    let { image } = this.#engine;
    for (const words of request.setup ?? []) {
      const { ran, left, lost } = await this.#step(image, request, words, true);
      if (lost !== undefined) return { image, made, problem: { ...ran, unstarted: lost } };
      image = left;
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
  ): Promise<{ ran: Ran; left: string; lost?: string }> {
    const name = this.#newName();
    this.#containers.add(name);
    const args = ["run", ...this.#options(name, { ...request, words }), image, ...(words ?? [])];
    const ran = await this.#finish(this.#start(args).limit(request.seconds));
    let left = image;
    let lost: string | undefined;
    if (keep && ran.unstarted === undefined) {
      if (ran.late) await this.#quietly(["kill", name]);
      const tag = `${prefix}:${this.#mark}-${++this.#count}`;
      this.#images.add(tag);
      const committed = await this.#quietly(["commit", name, tag]);
      if (committed.status === 0) left = tag;
      else lost = `${this.name} cannot keep what the setup did: ${errorLine(committed.stderr)}`;
    }
    await this.#remove(name);
    return { ran, left, ...(lost === undefined ? {} : { lost }) };
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
      ...(options?.gpus === true ? [gpuOptions[this.#engine.program]] : []),
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
    if (unstarted[ran.status]?.test(ran.stderr) !== true) return ran;
    return { ...ran, unstarted: errorLine(ran.stderr) };
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

/** The line in which an engine says what is wrong; what follows is how to get help. */
function errorLine(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const said = lines.find((line) => /^(?:docker|Error): /.test(line)) ?? lines.at(-1) ?? "";
  return said.replace(/^docker: /, "").trim();
}
