import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toolImages } from "../../src/scaffold/bases.ts";
import type { Engine } from "./engine.ts";

/** The names that generated files have for the bases, and what stands in for them here. */
const names = {
  debian: debianOf("trixie"),
  python: "docker.io/library/python:3.13-slim-trixie",
  r: "docker.io/rocker/r-ver:4.5.1",
  uv: toolImages.uv,
  pixi: toolImages.pixi,
  micromamba: `docker.io/${toolImages.micromamba}`,
} as const;

/** Where machines keep the authorities that they trust; one behind a proxy trusts more than a Debian fresh from the mirror. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** What the bases are made with. */
export interface Ingredients {
  /** The registry that they are pushed to. */
  readonly host: string;
  /** `http://127.0.0.1:41234`: where R finds CRAN. */
  readonly cran: string;
  /** The executable of pixi; undefined to go without. */
  readonly pixi: string | undefined;
}

/** Programs from the registries that the preparation of samples needs as well. */
export interface Brought {
  readonly uv: string;
}

/**
 * Makes the bases from Debian's packages and the tool images from PyPI and crates.io, pushes them under the names that generated files
 * have, and forgets them here, so that a build must pull them.
 */
export async function makeBases(engine: Engine, { host, cran, pixi }: Ingredients): Promise<Brought> {
  await makeDebian(engine, "trixie");
  await makePython(engine, "trixie", names.python);
  const [uv] = await Promise.all([
    makeUv(engine),
    makeMicromamba(engine),
    makeFrom(engine, names.r, [
      `FROM ${names.debian}`,
      apt("r-base-core gcc g++ libc6-dev make xz-utils"),
      `RUN echo 'options(repos = c(CRAN = "${cran}"))' >> /etc/R/Rprofile.site`,
      // renv goes where its lock file says unless it is told otherwise.
      `ENV RENV_CONFIG_REPOS_OVERRIDE=${cran}`,
    ]),
    pixi === undefined ? undefined : makePixi(engine, pixi),
  ]);
  const made = Object.values(names).filter((name) => name !== names.pixi || pixi !== undefined);
  for (const name of made) {
    await engine.run("buildah", "push", "-q", "--tls-verify=false", name, `docker://${host}/${name}`);
  }
  return { uv };
}

/** The names, for what is made out of the bases. */
export const baseNames = names;

function debianOf(release: string): string {
  return `docker.io/library/debian:${release}-slim`;
}

/** What Debian's slim images leave out, now and with each package that is installed later. */
const slim = ["doc", "info", "linda", "lintian/overrides", "locale", "man"].map(
  (folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`,
);

/** And what they keep apt from leaving behind. */
const dockerClean = [
  'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };',
  'Dir::Cache::pkgcache "";',
  'Dir::Cache::srcpkgcache "";',
];

/** Makes the slim Debian of a release (`trixie`), for the engine's architecture. */
export async function makeDebian(engine: Engine, release: string): Promise<void> {
  const folder = await context(engine, `debian-${release}`, [
    "FROM scratch",
    "ADD root.tar /",
    `COPY machine.crt ${certificates}`,
    "COPY docker-clean /etc/apt/apt.conf.d/",
    `ENV SSL_CERT_FILE=${certificates}`,
  ]);
  const options = ["--variant=minbase", "--include=ca-certificates", `--architectures=${engine.arch}`];
  await engine.run(
    "mmdebstrap",
    ...options,
    ...slim,
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    release,
    join(folder, "root.tar"),
    "http://deb.debian.org/debian",
  );
  await cp(certificates, join(folder, "machine.crt"));
  await writeFile(join(folder, "docker-clean"), `${dockerClean.join("\n")}\n`);
  await engine.build(folder, "--format", "docker", "-q", "-t", debianOf(release));
}

/** Makes an image of Python as `name`, of what the release has; pip may write to its folders, as in the official image. */
export async function makePython(engine: Engine, release: string, name: string): Promise<void> {
  await makeFrom(engine, name, [
    `FROM ${debianOf(release)}`,
    apt("python3 python3-pip python3-venv"),
    "RUN ln -s python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED",
    `ENV PIP_CERT=${certificates}`,
  ]);
}

async function makeUv(engine: Engine): Promise<string> {
  const version = names.uv.split(":").at(-1) ?? "";
  const folder = await context(engine, "uv", [
    `FROM ${names.python} AS made`,
    `RUN pip install -q --root-user-action ignore --no-cache-dir --no-deps --target /made uv==${version}`,
    "FROM scratch",
    "COPY --from=made /made/bin/uv /made/bin/uvx /",
  ]);
  await engine.build(folder, "--format", "docker", "-q", "-t", names.uv);
  const made = join(folder, "made");
  await engine.build(folder, "-q", "--output", `type=local,dest=${made}`);
  return join(made, "uv");
}

async function makePixi(engine: Engine, pixi: string): Promise<void> {
  const folder = await context(engine, "pixi", [`FROM ${names.debian}`, "COPY pixi /usr/local/bin/"]);
  await cp(pixi, join(folder, "pixi"));
  await engine.build(folder, "--format", "docker", "-q", "-t", names.pixi);
}

/** No registry of packages has micromamba, so a script with another solver and installer of conda's packages takes its place. */
async function makeMicromamba(engine: Engine): Promise<void> {
  const script = "micromamba.py";
  const folder = await context(engine, "micromamba", [
    `FROM ${names.python}`,
    "RUN pip install -q --root-user-action ignore --no-cache-dir py-rattler==0.28.0 pyyaml==6.0.3",
    `COPY --chmod=755 ${script} /usr/local/bin/micromamba`,
    "RUN useradd --uid 57439 --create-home mambauser && install -d -o mambauser /opt/conda",
    "ENV MAMBA_ROOT_PREFIX=/opt/conda",
    "USER mambauser",
  ]);
  await cp(join(import.meta.dirname, "conda", script), join(folder, script));
  await engine.build(folder, "--format", "docker", "-q", "-t", names.micromamba);
}

async function makeFrom(engine: Engine, name: string, lines: readonly string[]): Promise<void> {
  const folder = await context(engine, name.replaceAll(/\W/g, "-"), lines);
  await engine.build(folder, "--format", "docker", "-q", "-t", name);
}

/** A new folder below the engine's with this Dockerfile. */
export async function context(engine: Engine, name: string, lines: readonly string[]): Promise<string> {
  const folder = join(engine.folder, "bases", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
  return folder;
}

function apt(packages: string): string {
  return `RUN apt-get update -q && apt-get install -q -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*`;
}
