import { spawn } from "node:child_process";
import { z } from "zod";
import type { PlaceContext } from "../place.ts";

/** What a helper answered: a login, nothing stored for this registry, or why it could not say. */
export type HelperAnswer =
  | { kind: "found"; username: string; secret: string }
  | { kind: "none" }
  | { kind: "failed"; reason: string };

const answerSchema = z.looseObject({ Username: z.string(), Secret: z.string() });
const outputLimit = 1 << 20;
const helperTimeoutMs = 60_000;

/**
 * Asks `docker-credential-NAME get` for the login of a server (docker-credential-helpers protocol: the server's name
 * on standard input, JSON on standard output). Never throws: a helper that is not installed leaves us anonymous.
 */
export async function askHelper(
  name: string,
  server: string,
  env: PlaceContext["env"],
): Promise<HelperAnswer> {
  const program = `docker-credential-${name}`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    return { kind: "failed", reason: "the credential helper's name is not a plain name" };
  }
  const run = await runHelper(program, server, env);
  if (typeof run === "string") return { kind: "failed", reason: `${program} ${run}` };
  if (run.status !== 0) {
    if (/credentials not found/i.test(run.output)) return { kind: "none" };
    return { kind: "failed", reason: `${program} failed with status ${run.status}` };
  }
  try {
    const answer = answerSchema.parse(JSON.parse(run.output));
    return { kind: "found", username: answer.Username, secret: answer.Secret };
  } catch {
    return { kind: "failed", reason: `${program} did not answer with a login` };
  }
}

function runHelper(
  program: string,
  server: string,
  env: PlaceContext["env"],
): Promise<{ status: number; output: string } | string> {
  return new Promise((resolve) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"] });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve("did not answer within a minute");
    }, helperTimeoutMs);
    const finish = (result: { status: number; output: string } | string): void => {
      clearTimeout(timer);
      resolve(result);
    };
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      if (output.length > outputLimit) child.kill("SIGKILL");
    });
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      finish(missing ? "is not installed" : "cannot be started");
    });
    child.once("close", (status) => {
      finish({ status: status ?? 1, output });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${server}\n`);
  });
}
