import type { ServerConfig } from "./config-schema.ts";
import { checkExposure, isOpen } from "./exposure.ts";
import type { Log } from "./log.ts";
import type { RunningServer } from "./server.ts";

/** A configuration with everything that a server needs. */
type Listening = ServerConfig & { listen: string };

/** What of `access` a running server takes from a configuration that is read again. */
const taken = ["rules", "groups", "anonymous-pull", "immutable"] as const;

/**
 * Reads the configuration again and lets the server take what can change while it runs: who may do what. Certificates and users are
 * watched as files and need no asking. A configuration that is wrong changes nothing; what needs a restart is named in the log.
 */
export function reloadConfig(
  running: ServerConfig,
  read: () => Listening,
  server: Pick<RunningServer, "takeRules">,
  log: Log,
): void {
  let next: Listening;
  try {
    next = read();
    checkExposure(next);
  } catch (error) {
    log.error("the configuration stays as it was", error);
    return;
  }
  // Where nobody is asked who they are, rules say nothing, and passwords that come or go need another server.
  if (isOpen(next) === isOpen(running)) server.takeRules(next);
  const left = restartsFor(running, next);
  log.info("the configuration was read again", left.length === 0 ? {} : { needRestart: left.join(" ") });
}

/** The keys whose new values a running server does not take. */
function restartsFor(running: ServerConfig, next: ServerConfig): string[] {
  const [before, after] = [fixedPart(running), fixedPart(next)];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function fixedPart(config: ServerConfig): Record<string, unknown> {
  const access = Object.entries(config.access).filter(([name]) => !taken.some((one) => one === name));
  return { ...config, access: Object.fromEntries(access) };
}
