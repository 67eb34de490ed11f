import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { DdiffError, messageOf } from "../../util/errors.ts";
import type { PlaceContext } from "../place.ts";

/** What a TLS connection to one registry trusts and shows. */
export interface Trust {
  secureContext: SecureContext;
  rejectUnauthorized: boolean;
}

/**
 * Collects the authorities for one registry: Node's own, the system's, `caFile`, and what Docker and Podman keep per
 * registry in `certs.d/HOST` (`*.crt` authorities, `*.cert` with `*.key` for clients). Built once: parsing some
 * hundred certificates for each connection would take longer than the handshake.
 * Throws `CA_FILE_UNREADABLE`.
 */
export async function trustFor(host: string, context: PlaceContext): Promise<Trust> {
  const extra: string[] = [];
  if (context.caFile !== undefined) extra.push(await readAuthorities(context.caFile));
  let client: { cert: string; key: string } | undefined;
  for (const folder of certificateFolders(host, context.env)) {
    const found = await readFolder(folder);
    extra.push(...found.authorities);
    client ??= found.client;
  }
  const ca = [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...extra])];
  try {
    const secureContext = createSecureContext({ ca, minVersion: "TLSv1.2", ...client });
    return { secureContext, rejectUnauthorized: !context.insecure };
  } catch (error) {
    throw new DdiffError(
      "CA_FILE_UNREADABLE",
      `The certificates for ${host} cannot be used: ${messageOf(error)}`,
      { hint: "The CA file must be PEM, beginning with -----BEGIN CERTIFICATE-----.", cause: error },
    );
  }
}

async function readAuthorities(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new DdiffError("CA_FILE_UNREADABLE", `The CA file ${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
      exitStatus: 2,
    });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new DdiffError("CA_FILE_UNREADABLE", `The CA file ${file} has no PEM certificate`, {
    hint: "Convert it with: openssl x509 -inform der -in FILE -out ca.pem",
    exitStatus: 2,
  });
}

/** docs.docker.com "Verify repository client with certificates" and containers-certs.d(5). */
function certificateFolders(host: string, env: PlaceContext["env"]): string[] {
  const roots = ["/etc/docker/certs.d", "/etc/containers/certs.d"];
  const config = env.XDG_CONFIG_HOME ?? (env.HOME === undefined ? undefined : join(env.HOME, ".config"));
  if (config !== undefined) {
    roots.push(join(config, "docker", "certs.d"), join(config, "containers", "certs.d"));
  }
  return roots.map((root) => join(root, host));
}

async function readFolder(
  folder: string,
): Promise<{ authorities: string[]; client?: { cert: string; key: string } }> {
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch {
    return { authorities: [] };
  }
  const read = async (name: string): Promise<string | undefined> =>
    readFile(join(folder, name), "utf8").catch(() => undefined);
  const authorities = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read));
  const certName = names.find((name) => name.endsWith(".cert"));
  const cert = certName === undefined ? undefined : await read(certName);
  const key = certName === undefined ? undefined : await read(`${certName.slice(0, -5)}.key`);
  return {
    authorities: authorities.filter((text) => text !== undefined),
    ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
  };
}
