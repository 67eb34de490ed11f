import type { IncomingMessage } from "node:http";
import { isDdiffError, messageOf } from "../../util/errors.ts";
import { RegistryError } from "../errors.ts";
import { makeBuckets } from "../limits.ts";
import type { Access, Caller } from "./access.ts";
import { certificateName, readCredentials } from "./credentials.ts";
import type { Users } from "./htpasswd.ts";
import { isImmutable, type Rules, rulesAllow, rulesAllowAny } from "./rules.ts";
import { type Grant, grantsAllow, scopeFor } from "./scopes.ts";
import { answerToken } from "./token-endpoint.ts";
import type { Tokens } from "./tokens.ts";

/** What access is made of. */
export interface AccessOptions {
  /** Everyone may do everything, but move immutable tags; users, rules and tokens are not asked. */
  open: boolean;
  users?: Users;
  rules: Rules;
  tokens?: Tokens;
  /** Where clients get tokens, as an address they can reach; they are sent there only where it is known. */
  realm?: string;
  /** The address that a request comes from, for counting wrong logins. */
  addressOf(request: IncomingMessage): string;
}

/** What the token endpoint needs of the rest. */
export interface Identities extends AccessOptions {
  /** The user of a request by password or certificate, undefined for none. Throws as `Access.identify`. */
  userOf(request: IncomingMessage): Promise<string | undefined>;
  /** Checks a password. Throws as `Access.identify`. */
  login(request: IncomingMessage, user: string, password: string): Promise<void>;
  refusal(message: string, challenge?: string): RegistryError;
  basicChallenge: string;
}

/** Wrong logins from one address: so many at once, then one in two seconds. */
const wrongLogins = { perSecond: 0.5, burst: 30 };
const basicChallenge = 'Basic realm="ddiff", charset="UTF-8"';

/** Access by passwords, client certificates, and tokens of our own; what a known caller may do is said by rules. */
export function createAccess(options: AccessOptions): Access {
  const { users, rules, tokens, realm } = options;
  const attempts = makeBuckets(wrongLogins);

  const challengeWith = (scope: string | undefined, error?: string): string => {
    if (users === undefined) return "";
    if (tokens === undefined || realm === undefined) return basicChallenge;
    const parts = [`realm="${realm}"`, `service="${tokens.service}"`];
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    if (error !== undefined) parts.push(`error="${error}"`);
    return `Bearer ${parts.join(",")}`;
  };
  const refusal = (message: string, challenge = challengeWith(undefined)): RegistryError =>
    new RegistryError("UNAUTHORIZED", message, {
      headers: challenge === "" ? {} : { "WWW-Authenticate": challenge },
    });

  const login = async (request: IncomingMessage, user: string, password: string): Promise<void> => {
    if (users === undefined) throw refusal("this registry has no passwords");
    if (users.remembers(user, password)) {
      // Also a remembered login must end when the file says so.
      if (await users.verify(user, password)) return;
    }
    const address = options.addressOf(request);
    const wait = Math.ceil(attempts.take(address));
    if (wait > 0) throw tooMany("too many wrong logins from this address", wait);
    try {
      if (!(await users.verify(user, password))) throw refusal("the user or the password is wrong");
    } catch (error) {
      if (isDdiffError(error, "LOGINS_BUSY")) throw tooMany(messageOf(error), 1);
      throw error;
    }
    attempts.giveBack(address);
  };
  const userOf = async (request: IncomingMessage): Promise<string | undefined> => {
    const credentials = readCredentials(request.headers.authorization);
    if (credentials.kind === "none") return certificateName(request);
    if (credentials.kind !== "basic") throw refusal("Authorization is not understood", basicChallenge);
    await login(request, credentials.user, credentials.password);
    return credentials.user;
  };

  const callerOf = (name: string | undefined, grants?: readonly Grant[]): Caller => ({
    name,
    may: (action, repository) =>
      (grants === undefined || grantsAllow(grants, action, repository)) &&
      rulesAllow(rules, name, action, repository),
    mayList: (grants === undefined || grantsAllow(grants, "list", "")) && rulesAllowAny(rules, name),
    mayFind: (repository) => rulesAllow(rules, name, "pull", repository),
    mayWithOtherToken: (action, repository) =>
      grants !== undefined &&
      (action === "list" ? rulesAllowAny(rules, name) : rulesAllow(rules, name, action, repository ?? "")),
    mayMoveTag: (repository, tag) => !isImmutable(rules, repository, tag),
  });
  const invalid = (message: string): RegistryError =>
    refusal(message, challengeWith(undefined, "invalid_token"));
  const bearer = async (token: string): Promise<Caller> => {
    if (tokens === undefined) throw invalid("this registry issues no tokens");
    let content;
    try {
      content = await tokens.read(token, "access");
    } catch (error) {
      throw invalid(messageOf(error));
    }
    if (content.user !== undefined) {
      const mark = await users?.markOf(content.user);
      if (mark === undefined || !tokens.isCurrent(content, mark))
        throw invalid("the token was issued under another password");
    }
    return callerOf(content.user, content.grants);
  };

  const access: Access = {
    async identify(request) {
      if (options.open) return { ...openCaller, mayMoveTag: (name, tag) => !isImmutable(rules, name, tag) };
      const credentials = readCredentials(request.headers.authorization);
      if (credentials.kind === "bearer") return bearer(credentials.token);
      return callerOf(await userOf(request));
    },
    challenge(_request, action, repository, from) {
      if (options.open) return "";
      const scopes = [scopeFor(action, repository), from === undefined ? undefined : scopeFor("pull", from)];
      const named = scopes.filter((scope) => scope !== undefined);
      return challengeWith(named.length === 0 ? undefined : named.join(" "));
    },
  };
  if (tokens === undefined || options.open) return access;
  const identities: Identities = { ...options, userOf, login, refusal, basicChallenge };
  return {
    ...access,
    token: (request, response, url) => answerToken(identities, tokens, request, response, url),
  };
}

const openCaller: Caller = { name: undefined, may: () => true, mayList: true };

function tooMany(message: string, seconds: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": String(seconds) } });
}
