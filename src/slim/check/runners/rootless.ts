import { chownSync, mkdirSync } from "node:fs";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { PlaceContext } from "../../../places/place.ts";
import { formatBytes } from "../../../util/bytes.ts";
import { DdiffError } from "../../../util/errors.ts";
import type { CheckedImage } from "../image.ts";
import { findUser, type User } from "../users.ts";
import { findIdMap, type IdMap, mappedId } from "./ids.ts";
import { hostProgram, Namespace } from "./namespace.ts";
import { endOf, RunningProcess } from "./process.ts";
import { defaultPath, type Ran, type Runner, type RunRequest, type Service } from "./runner.ts";
import { unpackTree } from "./unpack.ts";

/** What root in there may do, as in Docker's containers. */
const capabilities =
  "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write";
/** Seconds for what only makes or clears away. */
const shortly = 120;
const notes = {
  self: "all users of the image were root, for this user may give others no part: run as root, or with an engine, for more",
  "no-overlay": "commands saw what others before them had changed, for there are no overlays here",
  "no-loopback": "there was no network, not even within, for neither ip nor ifconfig is installed",
};

/**
 * Runs commands of an image without an engine: its tree in a temporary folder, each command in namespaces of its own. `emulator` is a line for
 * binfmt_misc where the image's programs need one (emulation.ts). Throws `RUNNER_FAILED` where this system does not let us, `DISK_SPACE`, and what
 * unpacking throws; nothing stays behind then.
 */
export async function rootlessRunner(
  image: CheckedImage,
  emulator: string,
  context: PlaceContext,
): Promise<Runner> {
  const ids = await findIdMap();
  await refuseTooLarge(image, context.tempDir);
  const folder = await mkdtemp(join(context.tempDir, "image-"));
  const runner = new RootlessRunner({ image, emulator, context, ids, folder });
  try {
    await runner.prepare();
    return runner;
  } catch (error) {
    await runner.close();
    throw error;
  }
}

async function refuseTooLarge({ tree }: CheckedImage, folder: string): Promise<void> {
  const counted = new Set([...tree.view.visible.values()].map(({ content }) => content));
  const bytes = [...counted].reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (bytes <= bavail * bsize) return;
  throw new DdiffError(
    "DISK_SPACE",
    `unpacked the image needs ${formatBytes(bytes)}, and ${folder} has ${formatBytes(bavail * bsize)}`,
    { hint: "Name another folder with --tempdir, or use an engine with --runner." },
  );
}

interface Parts {
  image: CheckedImage;
  emulator: string;
  context: PlaceContext;
  ids: IdMap;
  folder: string;
}

class RootlessRunner implements Runner {
  readonly name = "rootless";
  readonly notes: string[] = [];
  readonly #parts: Parts;
  #count = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    if (parts.ids.kind === "self") this.notes.push(notes.self);
  }

  /** Unpacks the image and sees whether namespaces can be had. */
  async prepare(): Promise<void> {
    const { image, ids, folder, context } = this.#parts;
    // First of all the quick part: whether it can be done at all.
    this.#makeFolder(folder);
    this.#makeFolder(join(folder, "lower"));
    const trial = this.#begin([hostProgram("env")]);
    await trial.namespace.process.limit(shortly).ended;
    await trial.namespace.ready;
    for (const word of trial.namespace.said) this.notes.push(notes[word as keyof typeof notes] ?? word);
    await this.#clear(trial.run);
    const lacking = await unpackTree(image, {
      root: join(folder, "lower"),
      ownerOf:
        ids.kind === "range"
          ? (uid, gid) => ({ uid: mappedId(ids, uid), gid: mappedId(ids, gid) })
          : undefined,
      progress: context.progress,
      signal: context.signal,
    });
    this.notes.push(...lacking);
  }

  async run(request: RunRequest): Promise<Ran> {
    const refused = this.#refusal(request);
    if (refused !== undefined) return unstarted(refused);
    const { setup = [], teardown = [] } = request;
    const run = this.#newRun();
    try {
      for (const words of setup) await this.#runIn(run, request, words);
      const ran = await this.#runIn(run, request, request.words);
      for (const words of teardown) await this.#runIn(run, request, words);
      return ran;
    } finally {
      await this.#clear(run);
    }
  }

  async serve(request: RunRequest): Promise<Service> {
    const run = this.#newRun();
    const refused = this.#refusal(request);
    for (const words of refused === undefined ? (request.setup ?? []) : [])
      await this.#runIn(run, request, words);
    const words = refused === undefined ? this.#lead(request, request.words) : undefined;
    const namespace = words === undefined ? undefined : this.#begin(words, run).namespace;
    const late = namespace?.process.limit(request.seconds);
    // Nothing can be run beside it before; what fails is told by how it ended.
    await namespace?.ready.catch(() => {});
    return {
      exec: async (words, seconds) => {
        const inside = this.#lead(request, words);
        if (namespace === undefined || inside === undefined)
          return unstarted(refused ?? "it was not started");
        const [program = "", ...args] = await namespace.enter(inside);
        const running = new RunningProcess(program, args, { env: {} }).limit(seconds);
        return endOf(running, this.#parts.context.signal);
      },
      ended: () =>
        namespace === undefined ? unstarted(refused ?? "there is nothing to start") : namespace.ran(),
      stop: async () => {
        late?.child.kill("SIGKILL");
        const ran = await (late?.ended ?? unstarted(refused ?? "there is nothing to start"));
        await this.#clear(run);
        return ran;
      },
    };
  }

  async close(): Promise<void> {
    await this.#remove(this.#parts.folder);
  }

  async #runIn(run: string, request: RunRequest, words: readonly string[] | undefined): Promise<Ran> {
    const lead = this.#lead(request, words);
    if (lead === undefined) return unstarted("there is nothing to start");
    const { namespace } = this.#begin(lead, run);
    await endOf(namespace.process.limit(request.seconds), this.#parts.context.signal);
    return namespace.ended();
  }

  #begin(words: readonly string[], run = this.#newRun()): { namespace: Namespace; run: string } {
    const { folder, ids, emulator } = this.#parts;
    return { namespace: new Namespace({ folder, run, ids, emulator, words }), run };
  }

  /** Why this cannot be run here. */
  #refusal({ options, user = "" }: RunRequest): string | undefined {
    if (options?.privileged === true || (options?.capabilities.length ?? 0) > 0)
      return "rights beyond a container's own need docker or podman";
    if ((options?.bindMounts.length ?? 0) > 0) return "bind mounts need docker or podman";
    if (options?.allocateTty === true) return "a terminal needs docker or podman";
    const name = user || options?.user || this.#parts.image.run.user;
    return findUser(this.#parts.image.tree, name) === undefined
      ? `the user ${name} is not in /etc/passwd`
      : undefined;
  }

  /** The way of a command into the image: its variables, its user, its folder. Undefined where there is none. */
  #lead(request: RunRequest, wanted: readonly string[] | undefined): string[] | undefined {
    const { image, ids } = this.#parts;
    const { run, tree } = image;
    const words = wanted ?? [...run.entrypoint, ...run.cmd];
    if (words.length === 0) return undefined;
    const name = request.user || request.options?.user || run.user;
    const user = findUser(tree, name) ?? { uid: 0, gid: 0, groups: [], home: "/" };
    const env = new Map([["PATH", defaultPath], ["HOME", user.home], ...run.env, ...(request.env ?? [])]);
    const folder = request.folder || run.workingDir || "/";
    const variables = (forLoader: boolean): string[] =>
      [...env].filter(([key]) => isForLoader(key) === forLoader).map(([key, value]) => `${key}=${value}`);
    const forLoader = variables(true);
    const own = ["/usr/bin/env", "/bin/env"].find((path) => tree.find(path) !== undefined);
    return [
      hostProgram("env"),
      "-i",
      "--",
      ...variables(false),
      hostProgram("setpriv"),
      ...(ids.kind === "range" ? userOptions(user, ids.count - 1) : []),
      "--bounding-set",
      capabilities,
      hostProgram("unshare"),
      "--root=/image",
      `--wd=${tree.find(folder) === undefined ? "/" : folder}`,
      "--",
      ...(own === undefined || forLoader.length === 0 ? [] : [own, ...forLoader]),
      ...words,
    ];
  }

  #newRun(): string {
    const run = `run-${++this.#count}`;
    for (const name of [run, `${run}/upper`, `${run}/work`, `${run}/tools`])
      this.#makeFolder(join(this.#parts.folder, name));
    return run;
  }

  #makeFolder(path: string): void {
    const { ids } = this.#parts;
    mkdirSync(path, { recursive: true, mode: 0o755 });
    if (ids.kind === "range") chownSync(path, ids.first, ids.first);
  }

  async #clear(run: string): Promise<void> {
    await this.#remove(join(this.#parts.folder, run));
  }

  async #remove(path: string): Promise<void> {
    if (this.#parts.ids.kind === "self") {
      // What programs in there closed to themselves is open to a root of ours.
      const args = ["--user", "--map-root-user", "rm", "-rf", "--", path];
      await new RunningProcess(hostProgram("unshare"), args, { env: { PATH: "/usr/bin:/bin" } }).limit(
        shortly,
      ).ended;
    }
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The loader's variables would be heard by the programs on the way. */
function isForLoader(variable: string): boolean {
  return variable.startsWith("LD_") || variable === "GLIBC_TUNABLES";
}

/** `last` is the last id of the range, which all beyond it became. */
function userOptions({ uid, gid, groups }: User, last: number): string[] {
  const inRange = (id: number): number => Math.min(id, last);
  return [
    `--reuid=${inRange(uid)}`,
    `--regid=${inRange(gid)}`,
    groups.length === 0 ? "--clear-groups" : `--groups=${groups.map(inRange).join(",")}`,
    // Whoever is not root needs this one right on the way, to get into the image.
    ...(uid === 0 ? [] : ["--inh-caps", "+sys_chroot", "--ambient-caps", "+sys_chroot"]),
  ];
}

function unstarted(why: string): Ran {
  return { status: 127, stdout: "", stderr: "", late: false, seconds: 0, unstarted: why };
}
