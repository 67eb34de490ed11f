import { createHmac, createSecretKey, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Store } from "../../store/store.ts";
import { DdiffError, isDdiffError, messageOf } from "../../util/errors.ts";
import type { Grant } from "./scopes.ts";

/** Tokens of this server: JSON Web Tokens signed with HS256, which only those with the key can make or read as true. */
export interface Tokens {
  /** Seconds that an access token holds. */
  readonly life: number;
  /** Who issues, and for whom: this registry. */
  readonly service: string;
  /** A token for what `grants` says; `user` undefined for a caller without credentials. */
  issue(user: string | undefined, mark: string | undefined, grants: readonly Grant[]): Promise<string>;
  /** A token that is good for getting others, and no request, until the user's password changes. */
  issueRefresh(user: string, mark: string): Promise<string>;
  /** What a token says. Throws `TOKEN_INVALID` with the reason. */
  read(token: string, kind: "access" | "refresh"): Promise<TokenContent>;
  /** Whether the token was issued under the user's password of now. */
  isCurrent(content: TokenContent, mark: string): boolean;
}

interface TokenContent {
  user: string | undefined;
  grants: Grant[];
  /** Stands for the password that the user had. */
  seal: string | undefined;
}

const keyBytes = 32;
const refreshLife = 90 * 24 * 3600;
/** Clocks of servers on one bucket may differ this much, in seconds. */
const clockTolerance = 5;
const types = { access: "at+jwt", refresh: "rt+jwt" } as const;

/** Tokens made and checked with this key (32 bytes or more). `life` in seconds. */
export function makeTokens(key: Buffer, options: { life: number; service: string }): Tokens {
  const { life, service } = options;
  const signingKey = createSecretKey(key);
  const sealOf = (user: string, mark: string): string =>
    createHmac("sha256", key)
      .update(JSON.stringify(["seal", user, mark]))
      .digest("base64url");
  const sign = (
    kind: keyof typeof types,
    claims: Record<string, unknown>,
    user: string | undefined,
    seconds: number,
  ): Promise<string> => {
    const token = new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: types[kind] })
      .setIssuer(service)
      .setAudience(service)
      .setIssuedAt()
      .setNotBefore("0 seconds")
      .setExpirationTime(`${seconds} seconds`)
      .setJti(randomUUID());
    return (user === undefined ? token : token.setSubject(user)).sign(signingKey);
  };
  return {
    life,
    service,
    issue: (user, mark, grants) =>
      sign(
        "access",
        {
          access: grants,
          ...(user === undefined || mark === undefined ? {} : { seal: sealOf(user, mark) }),
        },
        user,
        life,
      ),
    issueRefresh: (user, mark) => sign("refresh", { seal: sealOf(user, mark) }, user, refreshLife),
    async read(token, kind) {
      try {
        const { payload, protectedHeader } = await jwtVerify(token, signingKey, {
          algorithms: ["HS256"],
          issuer: service,
          audience: service,
          typ: types[kind],
          clockTolerance,
          requiredClaims: ["exp", "iat"],
        });
        // A token that brings or names a key of its own (kid, jwk, jku, x5c) is none of ours.
        const foreign = Object.keys(protectedHeader).find((name) => name !== "alg" && name !== "typ");
        if (foreign !== undefined) throw new Error(`its header has ${JSON.stringify(foreign)}`);
        return {
          user: payload.sub,
          grants: Array.isArray(payload["access"]) ? (payload["access"] as Grant[]) : [],
          seal: typeof payload["seal"] === "string" ? payload["seal"] : undefined,
        };
      } catch (cause) {
        const reason = cause instanceof errors.JWTExpired ? "it has expired" : messageOf(cause);
        throw new DdiffError("TOKEN_INVALID", `the token is not valid: ${reason}`, { cause });
      }
    },
    isCurrent(content, mark) {
      if (content.user === undefined || content.seal === undefined) return false;
      const own = Buffer.from(sealOf(content.user, mark));
      const given = Buffer.from(content.seal);
      return own.length === given.length && timingSafeEqual(own, given);
    },
  };
}

/** A key from a file: any 32 bytes or more, such as `openssl rand -hex 32` prints. Throws `TOKEN_KEY_INVALID`. */
export async function readTokenKey(file: string): Promise<Buffer> {
  let key: Buffer;
  try {
    key = await readFile(file);
  } catch (cause) {
    throw new DdiffError(
      "TOKEN_KEY_INVALID",
      `the key for tokens cannot be read: ${messageOf(cause)}`,
      keyHint,
    );
  }
  if (key.length < keyBytes)
    throw new DdiffError("TOKEN_KEY_INVALID", `the key in ${file} has ${key.length} bytes`, keyHint);
  return key;
}

const keyHint = {
  hint: 'Make one with "openssl rand -hex 32 > FILE", or name none: the store then keeps one.',
};
const storeKey = "access/token-key";

/** The key that the store keeps, made when first asked for; the same for all servers on one store. */
export async function tokenKeyOf(store: Store): Promise<Buffer> {
  const there = await store.get(storeKey);
  if (there !== undefined && there.bytes.length >= keyBytes) return there.bytes;
  try {
    const made = randomBytes(keyBytes);
    await store.put(storeKey, made, there === undefined ? { absent: true } : { version: there.version });
    return made;
  } catch (error) {
    // Another server made one at the same time.
    const theirs = isDdiffError(error, "STORE_CONFLICT") ? await store.get(storeKey) : undefined;
    if (theirs === undefined) throw error;
    return theirs.bytes;
  }
}
