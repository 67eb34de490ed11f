import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import type { PlaceContext } from "../place.ts";

const entrySchema = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const fileSchema = z.looseObject({
  auths: z.record(z.string(), entrySchema.nullable()).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/** One entry of `auths`. */
export type AuthEntry = z.infer<typeof entrySchema>;
/** What docker's `config.json` and podman's `auth.json` have in common; the rest is ignored. */
export interface CredentialFile extends z.infer<typeof fileSchema> {
  path: string;
}

/**
 * The files that may hold credentials, the first with an answer wins: `REGISTRY_AUTH_FILE`; docker's
 * (`DOCKER_CONFIG` or `~/.docker`); podman's (`$XDG_RUNTIME_DIR/containers`, then `~/.config/containers`).
 * Throws `CREDENTIALS_FILE_INVALID` for a file that is there and cannot be understood.
 */
export async function readCredentialFiles(env: PlaceContext["env"]): Promise<CredentialFile[]> {
  const files: CredentialFile[] = [];
  for (const path of candidates(env)) {
    const file = await readOne(path);
    if (file !== undefined) files.push(file);
  }
  return files;
}

function candidates(env: PlaceContext["env"]): string[] {
  const home = env.HOME ?? env.USERPROFILE;
  const config = env.XDG_CONFIG_HOME ?? (home === undefined ? undefined : join(home, ".config"));
  const docker = env.DOCKER_CONFIG ?? (home === undefined ? undefined : join(home, ".docker"));
  const paths: string[] = [];
  if (env.REGISTRY_AUTH_FILE) paths.push(env.REGISTRY_AUTH_FILE);
  if (docker) paths.push(join(docker, "config.json"));
  if (env.XDG_RUNTIME_DIR) paths.push(join(env.XDG_RUNTIME_DIR, "containers", "auth.json"));
  if (config) paths.push(join(config, "containers", "auth.json"));
  return paths;
}

async function readOne(path: string): Promise<CredentialFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw invalid(path, messageOf(error));
  }
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the file, and with it a password.
    throw invalid(path, "it is not JSON");
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return { path, ...parsed.data };
  const where = parsed.error.issues[0]?.path.slice(0, 2).map(String).join(".") ?? "";
  throw invalid(path, `${where} has the wrong type`);
}

function invalid(path: string, reason: string): DdiffError {
  return new DdiffError(
    "CREDENTIALS_FILE_INVALID",
    `The credentials file ${path} cannot be read: ${reason}`,
    {
      hint: "Correct the file, or move it away and log in again.",
    },
  );
}
