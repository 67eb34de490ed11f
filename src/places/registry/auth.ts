import { DdiffError } from "../../util/errors.ts";
import type { PlaceContext } from "../place.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type Credentials, type CredentialSearch, findCredentials } from "./credentials.ts";
import { isOwnRealm } from "./egress.ts";
import type { Subject } from "./failure.ts";
import type { Agents } from "./http.ts";
import { type AccessToken, basicHeader, fetchToken } from "./token.ts";
import type { Tuning } from "./tuning.ts";

/** What a request is allowed by: scopes such as `repository:app:pull`, of which the first names the repository. */
export interface AuthRequest {
  scopes: string[];
  repository: string;
  subject: Subject;
}

/** Logs in to one registry. Its headers may only be sent to that registry's own origin. */
export interface Authenticator {
  /** The `Authorization` header for a request, as far as it is known without being asked by the registry. */
  header(request: AuthRequest): Promise<string | undefined>;
  /** Answers a 401: another header than the one that was `sent`, or undefined where there is nothing else to show. */
  answer(
    challenge: string | undefined,
    sent: string | undefined,
    request: AuthRequest,
  ): Promise<string | undefined>;
  /** Whose credentials are used, for messages: `user ann (from ~/.docker/config.json)`. */
  who(repository: string): Promise<string | undefined>;
  /** What kept us from having credentials. */
  notes(repository: string): Promise<string[]>;
}

/** Makes the authenticator of the registry at `origin`. No file is read and no helper asked before a challenge comes. */
export function makeAuthenticator(
  domain: string,
  origin: URL,
  agents: Agents,
  context: PlaceContext,
  tuning: Tuning,
): Authenticator {
  const searches = new Map<string, Promise<CredentialSearch>>();
  const tokens = new Map<string, AccessToken>();
  const fetching = new Map<string, Promise<AccessToken>>();
  let challenge: Challenge | undefined;

  const search = (repository: string): Promise<CredentialSearch> => {
    const known = searches.get(repository);
    if (known !== undefined) return known;
    const started = findCredentials(domain, repository, context.env);
    searches.set(repository, started);
    return started;
  };

  const tokenFor = async (bearer: Challenge, request: AuthRequest): Promise<string | undefined> => {
    const { credentials } = await search(request.repository);
    if (credentials?.kind === "bearer") return bearerHeader(credentials.token);
    const key = request.scopes.join(" ");
    const cached = tokens.get(key);
    if (cached !== undefined && cached.expires > performance.now()) return bearerHeader(cached.value);
    let fetched = fetching.get(key);
    if (fetched === undefined) {
      const realm = checkRealm(bearer.parameters.get("realm"), origin, context, request.subject);
      const service = bearer.parameters.get("service");
      const scopes = mergeScopes(request.scopes, bearer.parameters.get("scope"));
      const subject = { ...request.subject, who: describe(credentials) };
      fetched = fetchToken(
        agents,
        { realm, service, scopes, credentials, subject },
        tuning,
        context.signal,
      ).finally(() => fetching.delete(key));
      fetching.set(key, fetched);
    }
    const token = await fetched;
    tokens.set(key, token);
    return bearerHeader(token.value);
  };

  const headerFor = async (request: AuthRequest): Promise<string | undefined> => {
    if (challenge === undefined) return undefined;
    if (challenge.scheme === "bearer") return tokenFor(challenge, request);
    const { credentials } = await search(request.repository);
    if (credentials?.kind === "basic") return basicHeader(credentials);
    return credentials?.kind === "bearer" ? bearerHeader(credentials.token) : undefined;
  };

  return {
    header: headerFor,
    async answer(text, sent, request) {
      const chosen = choose(parseChallenges(text ?? ""));
      if (chosen === undefined) return undefined;
      challenge = chosen;
      const key = request.scopes.join(" ");
      const cached = tokens.get(key);
      // Another request may have renewed the token while this one was on its way.
      if (cached !== undefined && bearerHeader(cached.value) === sent) tokens.delete(key);
      const header = await headerFor(request);
      return header === sent ? undefined : header;
    },
    who: async (repository) => describe((await search(repository)).credentials),
    notes: async (repository) => (await search(repository)).notes,
  };
}

function describe(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  if (credentials.kind === "basic") return `user ${credentials.username} (from ${credentials.origin})`;
  return `the ${credentials.kind === "identity" ? "identity token" : "token"} from ${credentials.origin}`;
}

function bearerHeader(token: string): string {
  return `Bearer ${token}`;
}

function choose(challenges: Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm")) ??
    challenges.find(({ scheme }) => scheme === "basic")
  );
}

/**
 * The token endpoint, where logins may be sent: over HTTPS anywhere, since the registry already has the login that is
 * meant for it; over plain HTTP only on the registry's own host when that is plain HTTP itself (the class of
 * CVE-2020-15157). A server that fetches for others shows logins to the registry's own domain only. Throws `AUTH_REALM_REFUSED`.
 */
function checkRealm(
  text: string | undefined,
  origin: URL,
  { insecure, guarded }: PlaceContext,
  subject: Subject,
): URL {
  const realm = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const elsewhere = guarded === true && realm !== undefined && !isOwnRealm(realm, origin);
  if (realm !== undefined && !elsewhere && realm.username === "" && realm.password === "") {
    if (realm.protocol === "https:") return realm;
    const plainHere = origin.protocol === "http:" && (insecure || realm.hostname === origin.hostname);
    if (realm.protocol === "http:" && plainHere) return realm;
  }
  const shown = realm === undefined ? "an address that is no URL" : `${realm.protocol}//${realm.host}`;
  throw new DdiffError(
    "AUTH_REALM_REFUSED",
    `${subject.registry} wants the login to be sent to ${shown}, which is not safe`,
    {
      hint: elsewhere
        ? "A mirror asks for tokens only on the registry's own host, or that of its domain."
        : "The registry's owner must offer its token server over HTTPS.",
    },
  );
}

/** What we need and what the registry says it needs, each once. */
function mergeScopes(wanted: string[], asked: string | undefined): string[] {
  const scopes = new Set(wanted);
  for (const scope of asked?.split(" ") ?? []) {
    if (scope !== "" && ![...scopes].some((have) => covers(have, scope))) scopes.add(scope);
  }
  return [...scopes];
}

/** Whether `repository:app:pull,push` already includes `repository:app:pull`. */
function covers(have: string, scope: string): boolean {
  const [haveName, haveActions] = cutScope(have);
  const [name, actions] = cutScope(scope);
  return haveName === name && actions.every((action) => haveActions.includes(action));
}

function cutScope(text: string): [name: string, actions: string[]] {
  const colon = text.lastIndexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1).split(",")];
}
