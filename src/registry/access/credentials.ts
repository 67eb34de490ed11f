import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

/** What a request says about who sends it. */
export type Credentials =
  | { kind: "none" | "unreadable" }
  | { kind: "basic"; user: string; password: string }
  | { kind: "bearer"; token: string };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads `Authorization` (RFC 7617 for Basic, in UTF-8; RFC 6750 for Bearer). */
export function readCredentials(header: string | undefined): Credentials {
  if (header === undefined) return { kind: "none" };
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +([A-Za-z0-9+/=._~-]+) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme.toLowerCase() !== "basic") return { kind: "unreadable" };
  try {
    const text = utf8.decode(Buffer.from(value, "base64"));
    const colon = text.indexOf(":");
    if (colon < 0) return { kind: "unreadable" };
    // What podman and skopeo send when they are asked for a password and have none.
    if (text === ":") return { kind: "none" };
    return { kind: "basic", user: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return { kind: "unreadable" };
  }
}

/** The common name in the client's certificate, where the connection has one that our authority signed. */
export function certificateName(request: IncomingMessage): string | undefined {
  if (!(request.socket instanceof TLSSocket) || !request.socket.authorized) return undefined;
  const name: unknown = request.socket.getPeerCertificate().subject?.CN;
  return typeof name === "string" && name !== "" ? name : undefined;
}
