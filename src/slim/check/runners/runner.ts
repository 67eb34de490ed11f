import type { ContainerRunOptions } from "../checklist.ts";

/** What is run, each time in a fresh copy of the image without any network. */
export interface RunRequest {
  /** Program and arguments; undefined: what the image itself starts. */
  words: readonly string[] | undefined;
  /** Commands that go before it, in the same files. How they end does not matter, as in container-structure-test. */
  setup?: readonly (readonly string[])[];
  /** Commands that go after it. */
  teardown?: readonly (readonly string[])[];
  /** Variables besides the image's own. */
  env?: ReadonlyMap<string, string>;
  /** "": the image's. */
  user?: string;
  /** "": the image's. */
  folder?: string;
  options?: ContainerRunOptions;
  /** Seconds for each command; then it is killed. */
  seconds: number;
}

/** How a command ended. */
export interface Ran {
  /** 128 and more for signals, as shells count. */
  status: number;
  /** The first MiB of each. */
  stdout: string;
  stderr: string;
  /** Whether it was killed for it took too long. */
  late: boolean;
  seconds: number;
  /** Why it could not be started at all; undefined where it was. */
  unstarted?: string;
}

/** A command that goes on while others look at it. */
export interface Service {
  /** Runs a command beside it, in its files and its network. */
  exec(words: readonly string[], seconds: number): Promise<Ran>;
  /** How it ended; undefined while it runs. */
  ended(): Ran | undefined;
  /** Kills it, clears away, and says what it wrote. */
  stop(): Promise<Ran>;
}

/** Where commands of one image are run. Everything that it makes is gone after `close`, also after an abort. */
export interface Runner {
  /** `docker`, `podman`, `rootless`. */
  readonly name: string;
  /** What differs from a container of an engine, for reports. */
  readonly notes: readonly string[];
  /** Runs a command to its end. Throws the signal's reason. */
  run(request: RunRequest): Promise<Ran>;
  /** Starts a command; `setup` goes before. Throws the signal's reason. */
  serve(request: RunRequest): Promise<Service>;
  close(): Promise<void>;
}

/** PATH where an image does not say one, as engines set it. */
export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
