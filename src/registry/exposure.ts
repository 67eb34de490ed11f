import { DdiffError } from "../util/errors.ts";
import type { ServerConfig } from "./config-schema.ts";
import { isLoopback, parseListen } from "./config-units.ts";

/**
 * Refuses what would let strangers in: a server that other machines reach and that asks nobody who they are, or that takes
 * passwords over a connection that anyone on the way can read. Throws `SERVER_EXPOSED` with what to do.
 */
export function checkExposure(config: ServerConfig & { listen: string }): void {
  const { access, tls } = config;
  const reached = !isLoopback(parseListen(config.listen)?.host ?? "");
  const certificates = tls?.["client-ca"] !== undefined && tls["client-cert"] === "required";
  const known = access.htpasswd !== undefined || certificates;
  if (access.open) return;
  if (reached && !known) {
    throw exposed(
      `other machines reach ${config.listen}, and there are no users`,
      'Make users with "ddiff server htpasswd USER >> users" and name the file with --htpasswd users, listen on 127.0.0.1, or say --open to let everyone push and delete.',
    );
  }
  if (access.rules !== undefined && !known && tls?.["client-ca"] === undefined) {
    throw exposed(
      "there are rules of access, and no users for whom they could hold",
      "Name a file of users with --htpasswd, or leave the rules away.",
    );
  }
  if (reached && access.htpasswd !== undefined && tls?.cert === undefined && tls?.elsewhere !== true) {
    throw exposed(
      `other machines reach ${config.listen} without TLS, so that passwords can be read on the way`,
      "Give it a certificate with --tls-cert and --tls-key; or say --tls-elsewhere where a proxy in front has one.",
    );
  }
}

/** Whether the server asks nobody who they are. */
export function isOpen(config: ServerConfig): boolean {
  return (
    config.access.open || (config.access.htpasswd === undefined && config.tls?.["client-ca"] === undefined)
  );
}

function exposed(sentence: string, hint: string): DdiffError {
  return new DdiffError("SERVER_EXPOSED", sentence, { hint, exitStatus: 2 });
}
