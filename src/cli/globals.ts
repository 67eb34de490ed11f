import type { OptionSpecs, OptionValues } from "./command.ts";

/** Options that every command takes. */
export const globalOptions = {
  json: { help: "print one JSON object instead of text; errors too" },
  quiet: { short: "q", help: "no progress and no closing line: only errors, and what was asked for" },
  debug: { help: "with an error, print its stack and causes" },
  insecure: { help: "allow registries with plain HTTP or an unknown certificate" },
  ca: { value: "FILE", complete: "file", help: "trust the certificate authorities in this PEM file as well" },
  namespace: { value: "NAME", help: "containerd's namespace; Kubernetes nodes keep images in k8s.io" },
  tempdir: {
    value: "DIR",
    complete: "directory",
    help: "folder for temporary files, instead of $TMPDIR or /var/tmp",
  },
} as const satisfies OptionSpecs;

export type GlobalValues = OptionValues<typeof globalOptions>;

/** Environment variables that ddiff reads, for help and documentation. */
export const environment: readonly { name: string; help: string }[] = [
  {
    name: "DDIFF_URL",
    help: "the registry of bare names in push, pull, list and delete (http://localhost:$DDIFF_PORT)",
  },
  {
    name: "DDIFF_PORT",
    help: "its port on this machine where DDIFF_URL is not set, and that of ddiff server (5000)",
  },
  {
    name: "DDIFF_DISABLE_REPOSITORY",
    help: 'set to 1, "/" in bare names becomes "-" in that registry; the spelling DDIFF_DISABLE_RESPOSITORY works too',
  },
  { name: "DDIFF_FORCE_PODMAN", help: "set to 1, bare names mean Podman also where Docker is there" },
  {
    name: "DDIFF_CACHE_DIR",
    help: "where recipes of layers are kept ($XDG_CACHE_HOME/ddiff or ~/.cache/ddiff)",
  },
  {
    name: "DDIFF_BASE",
    help: "the folder of the shared base that link takes where --base names none",
  },
  { name: "DDIFF_TMPDIR", help: "folder for temporary files; --tempdir goes first, TMPDIR after it" },
  { name: "DDIFF_SERVER_...", help: "every option of ddiff server: DDIFF_SERVER_LISTEN is --listen" },
  {
    name: "DDIFF_REGISTRY_VOLUME",
    help: "the folder of ddiff server where nothing else names one",
  },
  {
    name: "DOCKER_HOST, DOCKER_CONFIG",
    help: "Docker's socket and the folder of its config.json with registry logins",
  },
  { name: "NO_COLOR", help: "set to anything, no colours" },
];
