import { BlockList, isIP } from "node:net";
import * as z from "zod";
import { duration, listenAddress, size } from "./config-units.ts";

const path = (description: string) => z.string().min(1).describe(description);
const globs = (description: string) => z.array(z.string().min(1)).min(1).describe(description);
const action = z.enum(["pull", "push", "delete"]);

const tls = z
  .strictObject({
    cert: path("The server's certificate with its chain, PEM. Read again when it changes.").optional(),
    key: path("The certificate's key, PEM.").optional(),
    "client-ca": path("Clients need a certificate of these authorities, PEM.").optional(),
    "client-cert": z
      .enum(["required", "optional"])
      .default("required")
      .describe("With client-ca: whether a client without a certificate is let in to log in otherwise."),
    elsewhere: z
      .boolean()
      .default(false)
      .describe("TLS ends in front of this server: passwords may come over plain HTTP."),
  })
  .superRefine((value, context) => {
    const missing = value.cert === undefined ? "cert" : value.key === undefined ? "key" : undefined;
    if (missing !== undefined && (value.cert ?? value.key ?? value["client-ca"]) !== undefined)
      context.addIssue({ code: "custom", path: [missing], message: "is missing" });
  });

const rule = z
  .strictObject({
    repositories: globs("Patterns of repositories: team-a/**, *."),
    users: z.array(z.string().min(1)).default([]).describe("Who, by name; * for everyone who is logged in."),
    groups: z.array(z.string().min(1)).default([]).describe("Who, by group."),
    anonymous: z.boolean().default(false).describe("Everyone, also without a login."),
    actions: z.array(action).min(1).describe("What they may do."),
  })
  .refine((value) => value.anonymous || value.users.length + value.groups.length > 0, {
    error: "is for nobody: give it users, groups or anonymous: true",
  });

const access = z.strictObject({
  open: z
    .boolean()
    .default(false)
    .describe("Let everyone do everything although other machines reach this server."),
  htpasswd: path("Users and their bcrypt hashes. Read again when it changes.").optional(),
  "anonymous-pull": z.boolean().default(false).describe("Everyone may pull everything without a login."),
  groups: z
    .record(z.string().min(1), z.array(z.string().min(1)))
    .default({})
    .describe("Members by group."),
  rules: z
    .array(rule)
    .optional()
    .describe("Who may do what; everyone who is logged in everything where there are none."),
  immutable: z
    .array(z.strictObject({ repositories: globs("Where."), tags: globs("Patterns of tags: v*.") }))
    .default([])
    .describe("Tags that nobody may move or delete."),
  tokens: z
    .strictObject({
      life: duration("How long a token holds.").prefault("5m"),
      key: path("A file with 32 random bytes or more; the store keeps a key where there is none.").optional(),
    })
    .prefault({})
    .describe("Tokens that the server issues itself at /v2/token. Clients are sent there where url is set."),
});

const mirror = z
  .strictObject({
    host: z.string().min(1).describe("The registry's host, as in image names: docker.io, ghcr.io."),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("Where it is, if not at https://HOST."),
    prefix: z
      .string()
      .regex(/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/, "is not the beginning of a repository's name")
      .optional()
      .describe("Its images stand below this name here; below its host's where nothing is said."),
    username: z.string().min(1).optional().describe("A login for it, which goes to no other host."),
    "password-file": path("A file with the login's password.").optional(),
    "token-file": path("A file with a token, instead of a login.").optional(),
    ca: path("Authorities that it is trusted by as well, PEM.").optional(),
    insecure: z.boolean().default(false).describe("Allow plain HTTP and unknown certificates."),
  })
  .refine((value) => (value.username === undefined) === (value["password-file"] === undefined), {
    error: "needs username and password-file, or neither",
  });

const limits = z.strictObject({
  // Beyond it nobody reads manifests, neither clients nor this server (distribution-spec, "Pushing manifests").
  manifest: size("Bytes of a manifest.")
    .refine((bytes) => bytes <= 4 * 1024 * 1024, "is more than the 4MiB that a manifest may have")
    .prefault("4MiB"),
  blob: size("Bytes of a blob; no limit where it is not said.").optional(),
  uploads: z.int().positive().default(256).describe("Uploads under way at once."),
  rebuilds: z
    .int()
    .nonnegative()
    .default(1)
    .describe("Images that are made of bundles at once; 0 makes none."),
  "rebuild-time": duration("Making an image of a bundle is given up after so long.").prefault("30m"),
  connections: z.int().positive().default(4096).describe("Connections at once."),
  idle: duration("A client that neither sends nor takes for so long is let go.").prefault("60s"),
  rate: z
    .number()
    .positive()
    .optional()
    .describe("Requests a second from one address; no limit where it is not said."),
  burst: z.int().positive().default(100).describe("With rate: requests that may come at once."),
});

const cidr = z.string().refine(isCidr, "is not an address or a network such as 10.0.0.0/8");

/** The configuration as it stands in the file. Every part may be left out. */
export const configSchema = z
  .strictObject({
    listen: listenAddress("Where the server listens. :5000 is every address of this machine.").optional(),
    url: z
      .url({ protocol: /^https?$/, error: "is not an address such as https://registry.lab:5000" })
      .optional()
      .describe("The address that clients use. Needed for tokens only."),
    data: path("The folder that holds everything.").optional(),
    s3: z
      .string()
      .startsWith("s3://", "is not s3://BUCKET/PREFIX")
      .optional()
      .describe(
        "A bucket that holds everything, instead of a folder: s3://bucket/prefix?endpoint=https://...",
      ),
    "read-only": z.boolean().default(false).describe("Answer pulls only."),
    deletes: z.boolean().default(true).describe("Whether anything may be deleted."),
    sparse: z
      .enum(["none", "indexes", "all"])
      .default("indexes")
      .describe(
        "What a pushed manifest may refer to without it being here: nothing, the manifests of an index (for images of some platforms only), or an image's layers, too.",
      ),
    redirects: z
      .boolean()
      .default(false)
      .describe("With s3: let clients fetch layers from the bucket itself."),
    tls: tls.optional(),
    access: access.prefault({}),
    mirrors: z
      .array(mirror)
      .default([])
      .describe("Registries whose images are fetched when asked for, and kept."),
    "mirror-fresh": duration(
      "How long a tag of a mirrored registry is believed without asking again.",
    ).prefault("10m"),
    limits: limits.prefault({}),
    "trusted-proxies": z
      .array(cidr)
      .default([])
      .describe("Proxies in front whose X-Forwarded-For says where a request comes from."),
    gc: z
      .strictObject({
        every: z
          .union([z.literal("never").transform(() => undefined), duration("")], {
            error: "is neither a time such as 1h nor never",
          })
          .prefault("1h")
          .describe("How often what nothing refers to is cleared away, or never."),
        grace: duration("What was written or asked for in this time stays.").prefault("24h"),
        untagged: z.boolean().default(false).describe("Clear away images that no tag leads to, as well."),
      })
      .prefault({}),
    log: z
      .strictObject({
        format: z
          .enum(["auto", "json", "text"])
          .default("auto")
          .describe("auto: text on a terminal, else JSON."),
        requests: z.boolean().default(true).describe("A line for each request."),
      })
      .prefault({}),
    metrics: z
      .union([z.literal("off"), z.literal("main"), listenAddress("")], {
        error: "is neither main, off nor HOST:PORT",
      })
      .default("main")
      .describe(
        "Where /metrics is: main, beside the registry, for those who are logged in; an address of its own, for everyone who reaches it; off.",
      ),
    "stop-grace": duration("How long a stop waits for uploads and downloads that run.").prefault("5m"),
  })
  .refine((value) => value.data === undefined || value.s3 === undefined, {
    path: ["s3"],
    error: "and data are both there: name one",
  });

/** The configuration of a server, with every default filled in. */
export type ServerConfig = z.output<typeof configSchema>;

/** The JSON Schema of the configuration's file, which editors check it with. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: "input", target: "draft-7" });
  return { ...schema, title: "Configuration of ddiff server" };
}

function isCidr(text: string): boolean {
  const [address = "", bits] = text.split("/");
  const kind = isIP(address);
  if (kind === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128));
}

/** The networks of a configuration, for asking whether they hold an address. */
export function networksOf(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const one of list) {
    const [address = "", bits] = one.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    networks.addSubnet(address, Number(bits ?? (family === "ipv6" ? 128 : 32)), family);
  }
  return networks;
}
