import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { torchIndexOf } from "../../../src/scaffold/targets/dockerfile-rewrites.ts";
import { ddiff } from "../../../test/support/run.ts";
import { makeDebian, makePython } from "../base-images.ts";
import { type ComposeService, composeService } from "../compose-container.ts";
import type { Engine } from "../engine.ts";

/** The service that is built both ways. */
export const torchService = join(import.meta.dirname, "torch-service");

/** An image of the service. */
export interface ServiceImage {
  readonly base: string;
  readonly image: string;
  /** How it is to be run. */
  readonly service: ComposeService;
}

/** Builds the service by a Dockerfile of the skill, whose files have other names. */
export async function buildBySkill(engine: Engine, dockerfile: string): Promise<ServiceImage> {
  const base = "docker.io/library/python:3.11-slim";
  // What that name meant when the text was written: in the Debian of today its libgl1-mesa-glx does not exist.
  await makeDebian(engine, "bookworm");
  await makePython(engine, "bookworm", base);
  const project = await copyService(engine, "skill");
  await cp(join(project, "requirements.txt"), join(project, "requirements-inference.txt"));
  await writeFile(join(project, "Dockerfile"), dockerfile);
  const image = "localhost/service:skill";
  await engine.build(project, "--format", "docker", "-t", image);
  return { base, image, service: { options: [], writable: [] } };
}

/** Builds `serve-cpu` of what `ddiff init` writes for it, with the torch of `index`, an address, in place of PyTorch's. */
export async function buildByInit(engine: Engine, index: string): Promise<ServiceImage> {
  const base = "docker.io/library/python:3.13-slim-trixie";
  await makeDebian(engine, "trixie");
  await makePython(engine, "trixie", base);
  const project = await copyService(engine, "init");
  const options = ["--python", "3.13", "--only", "dockerfile,compose,ignore", "--target", "serve-cpu"];
  const written = await ddiff(["init", "--yes", ...options, project], { cwd: engine.folder });
  if (written.status !== 0) throw new Error(`ddiff init ended with ${written.status}: ${written.stderr}`);
  const path = join(project, "Dockerfile");
  const text = await readFile(path, "utf8");
  const official = torchIndexOf("cpu");
  if (!text.includes(official)) throw new Error("the Dockerfile does not ask for torch for CPUs");
  await writeFile(path, text.replaceAll(official, index));
  const image = "localhost/service:init";
  await engine.build(project, "--format", "docker", "--target", "serve-cpu", "-t", image);
  return { base, image, service: await composeService(project, "serve") };
}

async function copyService(engine: Engine, name: string): Promise<string> {
  const project = join(engine.folder, name);
  await cp(torchService, project, { recursive: true });
  await mkdir(join(project, "models"));
  return project;
}
