import { setFlagsFromString } from "node:v8";
import { formatBytes } from "../../util/bytes.ts";
import { type Call, defineCommand, type Outcome } from "../command.ts";
import { usageError } from "../usage.ts";

const options = {
  config: { value: "FILE", complete: "file", help: "read the configuration from a YAML file" },
  listen: { value: "HOST:PORT", help: "listen there instead of 127.0.0.1:5000; :5000 is every address" },
  url: { value: "URL", help: "the address that clients use; with it, tokens take the place of passwords" },
  data: { value: "DIR", complete: "directory", help: "keep everything in this folder" },
  s3: { value: "URL", help: "keep everything in a bucket: s3://BUCKET/PREFIX?endpoint=URL" },
  "read-only": { help: "answer pulls only" },
  htpasswd: { value: "FILE", complete: "file", help: "users and their bcrypt hashes, see server htpasswd" },
  "anonymous-pull": { help: "let everyone pull without a login" },
  open: { help: "let everyone do everything although other machines reach this server" },
  "tls-cert": {
    value: "FILE",
    complete: "file",
    help: "certificate with its chain, PEM; read again when it changes",
  },
  "tls-key": { value: "FILE", complete: "file", help: "the certificate's key, PEM" },
  "client-ca": {
    value: "FILE",
    complete: "file",
    help: "let in only clients with a certificate of these authorities",
  },
  "tls-elsewhere": { help: "a proxy in front speaks TLS, passwords may come over plain HTTP" },
  mirror: {
    value: "HOST",
    many: true,
    help: "fetch images of this registry when they are asked for, and keep them",
  },
  metrics: { value: "WHERE", help: "main (beside the registry), off, or HOST:PORT of their own" },
  log: { value: "FORMAT", choices: ["auto", "json", "text"], help: "how the log is written" },
  "dry-run": { help: "with gc: say what would go, and leave it" },
  untagged: { help: "with gc: clear away images that no tag leads to, as well" },
  quarantine: { help: "with scrub: set damaged blobs aside, so that a push brings them anew" },
} as const;

type ServerCall = Call<typeof options>;

export const server = defineCommand({
  name: "server",
  summary: "run a registry",
  usage: [
    "server [OPTIONS]",
    "server check-config [OPTIONS]",
    "server gc [--dry-run] [--untagged] [OPTIONS]",
    "server scrub [--quarantine] [OPTIONS]",
    "server htpasswd USER",
  ],
  description: [
    "Runs a registry that docker, podman, containerd, skopeo, Helm and Kubernetes push to and pull from, until it gets SIGTERM or SIGINT; then it lets uploads finish and ends. SIGHUP lets it read its configuration again. It listens on 127.0.0.1:5000, for this machine alone. To be reached by others it needs users (--htpasswd) and TLS (--tls-cert), or --open.",
    "Everything is in the folder of --data: $DDIFF_REGISTRY_VOLUME, else /var/lib/ddiff/registry for root and ddiff/registry under $XDG_DATA_HOME or ~/.local/share for others. Or it is in the bucket of --s3, which several servers may share.",
    "Every option is also a variable (--tls-cert is DDIFF_SERVER_TLS_CERT) and a key of the configuration's file, which has more. Options go before variables, variables before the file.",
    "check-config says what a configuration means and what is wrong with it. gc clears away what nothing refers to any more; a running server does it by itself every hour, and does it at once when asked this way. scrub reads everything that is stored and names what is damaged, and whose images it harms. htpasswd prints a line for the file of users, with a password from standard input.",
  ],
  arguments: [
    {
      name: "ACTION",
      choices: ["check-config", "gc", "scrub", "htpasswd"],
      help: "what to do instead of serving: ",
    },
    { name: "USER", help: "with htpasswd: the user's name" },
  ],
  options,
  examples: [
    { text: "A registry for this machine", command: "ddiff server --data /srv/registry" },
    {
      text: "A user for it",
      command: "ddiff server htpasswd ann | tee -a users",
    },
    {
      text: "One for everyone in the room",
      command: "ddiff server --listen :443 --htpasswd users --tls-cert lab.crt --tls-key lab.key",
    },
    { text: "A copy of what is pulled from Docker Hub", command: "ddiff server --mirror docker.io" },
    { text: "What would be cleared away", command: "ddiff server gc --dry-run --data /srv/registry" },
  ],
  async run(call) {
    const [action, user] = call.args;
    if (user !== undefined && action !== "htpasswd")
      throw usageError(`server ${action} takes no ${user}`, "server");
    const { "dry-run": dryRun, untagged, quarantine } = call.options;
    if ((dryRun || untagged) && action !== "gc")
      throw usageError("--dry-run and --untagged are for server gc", "server");
    if (quarantine && action !== "scrub") throw usageError("--quarantine is for server scrub", "server");
    switch (action) {
      case "htpasswd":
        return await htpasswdLine(user);
      case "check-config":
        return await check(call);
      case "gc":
        return await collectGarbage(call);
      case "scrub":
        return await scrubStore(call);
      default:
        return await serve(call);
    }
  },
});

async function serve(call: ServerCall): Promise<Outcome> {
  // What a request needs goes with it: room to grow would only be filled (100 MB less at the peak).
  setFlagsFromString("--semi-space-growth-factor=1");
  // Syncs of the disk must not keep reads waiting; Node makes these threads when the first file is opened.
  process.env["UV_THREADPOOL_SIZE"] ??= "16";
  const { loadConfig } = await import("../../registry/config.ts");
  const { makeLog } = await import("../../registry/log.ts");
  const { runServer } = await import("../../registry/run-server.ts");
  const loaded = loadConfig(call.options, call.env);
  const { log: settings, "stop-grace": grace } = loaded.config;
  const text =
    settings.format === "text" || (settings.format === "auto" && process.stderr.isTTY && !call.json);
  const log = makeLog((line) => process.stderr.write(line), {
    format: text ? "text" : "json",
    requests: settings.requests && !call.quiet,
  });
  let reload: (() => void) | undefined;
  // Ten seconds more than the server gives its clients, for the store to close.
  call.serve(grace + 10_000, () => reload?.());
  const { cut } = await runServer(loaded.config, {
    env: call.env,
    log,
    signal: call.signal,
    async rebuild({ signal, ...arrival }) {
      const { rebuildArrival } = await import("../../delta/arrival.ts");
      const { silent } = await import("../../util/progress.ts");
      const context = await call.context();
      return await rebuildArrival({ ...arrival, context: { ...context, progress: silent, signal } });
    },
    reload: {
      read: () => loadConfig(call.options, call.env).config,
      onAsked: (listener) => (reload = listener),
    },
  });
  return { json: { stopped: true, cut } };
}

async function check(call: ServerCall): Promise<Outcome> {
  const { loadConfig } = await import("../../registry/config.ts");
  const { checkConfig } = await import("../../registry/check-config.ts");
  const loaded = loadConfig(call.options, call.env);
  const report = await checkConfig(loaded);
  const warnings = report.warnings.map((one) => `warning: ${one}`);
  return {
    json: { file: loaded.file, config: loaded.config, ...report },
    answer: [...report.facts, ...warnings].join("\n"),
  };
}

async function collectGarbage(call: ServerCall): Promise<Outcome> {
  const { "dry-run": dryRun, untagged } = call.options;
  const { loadConfig } = await import("../../registry/config.ts");
  const { collectOnce } = await import("../../registry/chores.ts");
  const { config } = loadConfig(call.options, call.env);
  const report = await collectOnce(config, { dryRun, untagged, env: call.env, signal: call.signal });
  const lines = report.found.map(({ kind, repository, name, bytes }) =>
    [kind, repository, name, bytes === undefined ? undefined : formatBytes(bytes)].filter(Boolean).join(" "),
  );
  const unread =
    report.unreadable > 0 ? [`${count(report.unreadable, "manifest")} could not be read: see scrub`] : [];
  return {
    json: report,
    ...(dryRun && lines.length > 0 ? { answer: lines.join("\n") } : {}),
    summary: [
      ...unread,
      `${count(report.blobs, "blob")} and ${count(report.uploads, "upload")} ${dryRun ? "would go" : "gone"}, ${formatBytes(report.bytes)}`,
    ],
  };
}

async function scrubStore(call: ServerCall): Promise<Outcome> {
  const { loadConfig } = await import("../../registry/config.ts");
  const { scrubOnce } = await import("../../registry/chores.ts");
  const { config } = loadConfig(call.options, call.env);
  const { quarantine } = call.options;
  const report = await scrubOnce(config, { quarantine, env: call.env, signal: call.signal });
  const lines = report.damaged.map(
    ({ digest, problem, setAside, harms }) =>
      `${digest} is ${problem}${setAside ? ", set aside" : ""}: harms ${harms.join(", ") || "no image"}`,
  );
  return {
    json: report,
    status: report.damages > 0 ? 1 : 0,
    ...(lines.length > 0 ? { answer: lines.join("\n") } : {}),
    summary: [
      `${count(report.blobs, "blob")} read, ${formatBytes(report.bytes)}, ${report.damages === 0 ? "all sound" : `${report.damages} not sound`}`,
    ],
  };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

async function htpasswdLine(user: string | undefined): Promise<Outcome> {
  if (user === undefined) throw usageError("server htpasswd needs a USER", "server");
  const { hashPassword, isUserName } = await import("../../registry/access/htpasswd.ts");
  if (!isUserName(user)) {
    throw usageError(
      `${JSON.stringify(user)} is no name for a user`,
      "server",
      "It has letters, digits and . _ @ + - and begins with a letter or digit.",
    );
  }
  const { readPassword } = await import("../read-password.ts");
  const line = `${user}:${await hashPassword(await readPassword(process.stdin, process.stderr))}`;
  return { json: { line }, answer: line };
}
