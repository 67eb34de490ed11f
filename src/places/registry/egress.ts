import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { lookup as lookupLater } from "node:dns/promises";
import { DdiffError } from "../../util/errors.ts";

/**
 * Where a server that fetches for others may be sent by a registry that it does not trust: nowhere in its own machine, not to
 * the address at which clouds keep secrets, and into private networks only by a registry that is in one itself.
 */
export interface Egress {
  /** Throws `REGISTRY_MISBEHAVES` for an address that is written in the URL itself. */
  check(url: URL): void;
  /** Looks names up, and fails with `REGISTRY_MISBEHAVES` where one leads to such an address. */
  lookup: LookupFunction;
}

/** This machine, link-local (169.254.169.254 among them), multicast, and what routes nowhere (RFC 6890). */
const never = blockList([
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "::1/128",
  "fe80::/10",
  "ff00::/8",
]);
/** Private networks (RFC 1918, RFC 6598, RFC 4193). */
const inside = blockList(["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]);

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** The rules for what the registry at `origin` may send us to; its own address is looked up once. */
export async function makeEgress(domain: string, origin: URL): Promise<Egress> {
  const own = hostOf(origin);
  const addresses = await lookupLater(own, { all: true }).catch(() => []);
  const isInside = addresses.some(({ address }) => isIn(inside, address) || isIn(never, address));
  const allowed = (address: string): boolean => !isIn(never, address) && (isInside || !isIn(inside, address));
  const refusal = (host: string): DdiffError =>
    new DdiffError("REGISTRY_MISBEHAVES", `${domain} sends us to ${host}, which is inside this network`, {
      hint: "A registry that does this by right must be on the same host.",
    });
  return {
    check(url) {
      const host = hostOf(url);
      if (host === own) return;
      if (isIP(host) !== 0 && !allowed(host)) throw refusal(host);
    },
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          callback(error, "");
          return;
        }
        const good = hostname === own ? found : found.filter(({ address }) => allowed(address));
        const [first] = good;
        if (first === undefined) callback(refusal(hostname), "");
        else if (options.all === true) callback(null, good);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/**
 * Whether a login for the registry may be shown to a token server there: on the registry's own host or that of its domain
 * (`registry.example.org`, `example.org`), and Docker Hub's own (CVE-2026-33540 was a mirror that asked no such thing).
 */
export function isOwnRealm(realm: URL, origin: URL): boolean {
  const [host, own] = [hostOf(realm), hostOf(origin)];
  if (host === own || (own === "registry-1.docker.io" && host === "auth.docker.io")) return true;
  return host.includes(".") && isIP(host) === 0 && own.endsWith(`.${host}`);
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** Without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
