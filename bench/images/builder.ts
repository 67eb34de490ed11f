import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import { workFolder, workPath } from "./places.ts";

/** Where the packages come from: the mirror that this machine's apt uses, or `DDIFF_BENCH_MIRROR`. */
const mirror = process.env["DDIFF_BENCH_MIRROR"] ?? "http://deb.debian.org";

/** Buildah with a store of its own, so that no image of the machine is touched and no daemon is needed. */
async function buildah(...args: string[]): Promise<void> {
  await run("buildah", [...storeFlags(await (driver ??= usableDriver())), ...args], { quiet: true });
}

function storeFlags(storageDriver: string): string[] {
  return ["--storage-driver", storageDriver, "--root", workPath("store"), "--runroot", workPath("run")];
}

let driver: Promise<string> | undefined;

/** Overlay, or vfs where the file system below cannot carry it; vfs writes each layer whole. */
async function usableDriver(): Promise<string> {
  try {
    await run("buildah", [...storeFlags("overlay"), "info"], { quiet: true });
    return "overlay";
  } catch {
    return "vfs";
  }
}

/** A Debian base image, cached as a tar. `pockets` are the suites it takes its packages from. */
export async function debianBase(
  tag: string,
  suite: string,
  pockets: readonly ("updates" | "security")[],
  include: readonly string[] = [],
): Promise<void> {
  const context = workPath("bases", tag);
  const tar = join(context, "base.tar");
  if (!existsSync(tar)) {
    const sources = [`deb ${mirror}/debian ${suite} main`];
    if (pockets.includes("updates")) sources.push(`deb ${mirror}/debian ${suite}-updates main`);
    if (pockets.includes("security")) sources.push(`deb ${mirror}/debian-security ${suite}-security main`);
    const packages = include.length > 0 ? [`--include=${include.join(",")}`] : [];
    // mmdebstrap guesses the format from the name's end.
    const partial = join(context, "partial.tar");
    await run("mmdebstrap", ["--variant=minbase", ...packages, suite, partial, ...sources], { quiet: true });
    renameSync(partial, tar);
  }
  await build({ tag, context, dockerfile: 'FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n' });
}

/** The certificates that this machine trusts, where its connections to package indexes need them. */
const certificates = process.env["PIP_CERT"];

/**
 * One `docker build` without cache: a `RUN apt-get` in it really runs, with today's times. `pip`: the Dockerfile installs from PyPI and has `ARG PIP_CERT`.
 */
export async function build(image: {
  tag: string;
  context: string;
  dockerfile: string;
  pip?: boolean;
}): Promise<void> {
  const file = join(workPath("dockerfiles"), image.tag.replaceAll(/[^\w.-]/g, "_"));
  writeFileSync(file, image.dockerfile);
  const how = ["--isolation", "chroot", "--network", "host", "--no-cache", "--layers", "--format", "docker"];
  const trust =
    image.pip !== true || certificates === undefined
      ? []
      : ["--build-arg", "PIP_CERT=/etc/host.crt", "--volume", `${certificates}:/etc/host.crt:ro`];
  await buildah("bud", ...how, ...trust, "-f", file, "-t", image.tag, image.context);
}

/** The image as an OCI layout with gzip layers, as a registry would hold it. */
export async function exportLayout(tag: string, folder: string, name: string): Promise<void> {
  await buildah("push", "--quiet", "--format", "oci", `localhost/${tag}`, `oci:${folder}:${name}`);
}

/** The image as `docker save` writes it: layers without compression in one tar. */
export async function exportArchive(tag: string, file: string): Promise<void> {
  await buildah("push", "--quiet", `localhost/${tag}`, `docker-archive:${file}:${tag}`);
}

/** Gives the disk back: the layouts are the result. */
export async function dropStore(): Promise<void> {
  await buildah("rm", "--all");
  await buildah("rmi", "--all", "--force");
  // A build that failed leaves its file system mounted, and the driver mounts its folder onto itself.
  await run("umount", ["--recursive", join(workFolder, "store", "overlay")], { quiet: true }).catch(() => {});
  for (const name of ["store", "run"]) rmSync(join(workFolder, name), { recursive: true, force: true });
}
