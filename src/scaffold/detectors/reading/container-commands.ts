import { readDockerfile } from "../../../dockerfile/read.ts";
import type { Draft, ProjectFiles } from "../../project.ts";
import { baseOf } from "./base.ts";

/** What the project's Dockerfiles tell of it. */
export interface ContainerFacts {
  readonly commands: readonly {
    readonly words: readonly string[];
    readonly file: string;
    readonly line: number;
  }[];
  readonly ports: readonly { readonly port: number; readonly file: string; readonly line: number }[];
  readonly images: readonly { readonly image: string; readonly file: string; readonly line: number }[];
  /** Extras that their commands install. */
  readonly extras: readonly string[];
  /** Index URLs that their commands name. */
  readonly indexes: readonly { readonly url: string; readonly file: string; readonly line: number }[];
}

/** Dockerfiles of what stands beside the project. */
const isOther = /nginx|front-?end|webpack|postgres|redis|mysql|[-_./](?:ui|web|docs|tests?)\./i;

/** What programs of a project start with. */
export const programs =
  /^(?:python3?(?:\.\d+)?|uvicorn|gunicorn|hypercorn|streamlit|flask|fastapi|gradio|torchrun|accelerate|bentoml|litserve|vllm|litestar|Rscript|daphne|waitress-serve|snakemake|nextflow)$/;

const kept = new WeakMap<ProjectFiles, ContainerFacts>();

/** Reads the first Dockerfiles of the project's folder and root; a broken one says what can be read of it. */
export function containerFacts(files: ProjectFiles, draft: Draft): ContainerFacts {
  let own = kept.get(files);
  if (own === undefined) kept.set(files, (own = readAll(files, draft.containerFiles)));
  return own;
}

function readAll(files: ProjectFiles, paths: readonly string[]): ContainerFacts {
  const facts = {
    commands: [] as { words: string[]; file: string; line: number }[],
    ports: [] as { port: number; file: string; line: number }[],
    images: [] as { image: string; file: string; line: number }[],
    indexes: [] as { url: string; file: string; line: number }[],
    extras: [] as string[],
  };
  const dockerfiles = paths.filter((path) => /(?:Docker|Container)file/i.test(path)).slice(0, 10);
  const base = baseOf(files);
  for (const file of dockerfiles.sort((a, b) => Number(!a.startsWith(base)) - Number(!b.startsWith(base)))) {
    const text = files.read(file);
    if (text === undefined || text.length > 256 * 1024 || isOther.test(file)) continue;
    if (/^FROM\s+(?:--\S+\s+)?(?:\S*\/)?(?:nginx|node|postgres|redis|mysql|caddy|traefik)\b/im.test(text))
      continue;
    for (const instruction of readDockerfile(text).instructions) {
      const { keyword, line } = instruction;
      const words = instruction.json?.map(({ value }) => value) ?? instruction.words.map(({ raw }) => raw);
      if (keyword === "FROM" && words[0] !== undefined) facts.images.push({ image: words[0], file, line });
      if (keyword === "EXPOSE") {
        const port = Number(/^\d+/.exec(words[0] ?? "")?.[0]);
        if (port > 0 && port < 65_536) facts.ports.push({ port, file, line });
      }
      if (keyword === "CMD" || keyword === "ENTRYPOINT") facts.commands.push({ words, file, line });
      const installed = /(?:conda|mamba)\s+(?:install|create)\b[^\n]{0,300}?python={1,2}(3\.\d+)/.exec(
        instruction.body.text.slice(0, 20_000),
      );
      if (installed !== null) facts.images.push({ image: `python:${installed[1]}`, file, line });
      if (keyword === "RUN") facts.extras.push(...extrasIn(instruction.body.text.slice(0, 20_000)));
      // Only the plain Dockerfile says what the project is built with; others are its variants.
      if (/[._-](?:cpu|gpu|arm64|cuda|rocm|jetson)/i.test(file)) continue;
      for (const match of instruction.body.text
        .slice(0, 20_000)
        .matchAll(/https:\/\/download\.pytorch\.org\/whl\/\w+/g))
        facts.indexes.push({ url: match[0], file, line });
    }
  }
  return facts;
}

/** Extras in commands: `pip install ".[serve]"`, `uv sync --extra cu128`, `poetry install -E all`. */
function extrasIn(text: string): string[] {
  const asked = [
    ...text.matchAll(/install\s[^\n;&|]{0,300}?[\w.]\[([\w\s,.-]{1,200})\]/g),
    ...text.matchAll(/(?:--extras?|-E)[ =]["']?([\w.-]+(?:[ ,]+[\w.]+)*)/g),
  ];
  return asked.flatMap((match) => (match[1] ?? "").split(/[\s,]+/)).filter(Boolean);
}
