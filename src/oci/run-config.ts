import { member, text, texts } from "../util/members.ts";
import { parseJson } from "./json.ts";

/** How a container of the image starts (image-spec, config.md, `config`). */
export interface RunConfig {
  /** `NAME=value`, split; the last of a name counts. */
  env: ReadonlyMap<string, string>;
  entrypoint: readonly string[];
  cmd: readonly string[];
  /** "" where nothing was set. */
  workingDir: string;
  /** As written, "" for root by default. */
  user: string;
  /** `8888/tcp`, sorted. */
  ports: readonly string[];
  /** Paths, sorted. */
  volumes: readonly string[];
  /** The test's words, without Docker's `CMD` in front; none where there is no check. */
  healthcheck: readonly string[];
  labels: ReadonlyMap<string, string>;
}

/** Reads the `config` of an image config. Members of other types than the specification's are taken as absent. */
export function readRunConfig(bytes: Uint8Array): RunConfig {
  const config = member(parseJson(bytes, "the image config"), "config");
  const test = texts(member(member(config, "Healthcheck"), "Test"));
  return {
    env: new Map(texts(member(config, "Env")).map(splitVariable)),
    entrypoint: texts(member(config, "Entrypoint")),
    cmd: texts(member(config, "Cmd")),
    workingDir: text(member(config, "WorkingDir")),
    user: text(member(config, "User")),
    ports: keysOf(member(config, "ExposedPorts")),
    volumes: keysOf(member(config, "Volumes")),
    healthcheck: /^(?:CMD|CMD-SHELL|NONE)$/.test(test[0] ?? "") ? test.slice(1) : test,
    labels: new Map(entriesOf(member(config, "Labels"))),
  };
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
}

function entriesOf(value: unknown): [string, string][] {
  return keysOf(value).map((key) => [key, text(member(value, key))]);
}

function splitVariable(variable: string): [string, string] {
  const at = variable.indexOf("=");
  return at === -1 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
}
