import { createHmac, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { hash } from "bcryptjs";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { type Comparer, makeComparer } from "./bcrypt.ts";

/** Users and their passwords. */
export interface Users {
  /** Whether there is such a user with this password. Takes as long where there is no such user. Throws `LOGINS_BUSY`. */
  verify(user: string, password: string): Promise<boolean>;
  /** Whether this login was right a moment ago, without work. */
  remembers(user: string, password: string): boolean;
  /** A secret text that changes when the user's password does; undefined where there is no such user. */
  markOf(user: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** How long a right login is remembered, in milliseconds, and how many are. */
const memory = 5 * 60_000;
const memories = 10_000;
/** The file is looked at again after this time, in milliseconds. */
const lookAgain = 1000;
/** bcrypt leaves away what is longer, so that another password would do as well. */
const passwordBytes = 72;
/** Comparisons that may wait; more would only wait longer than clients do. */
const queue = 100;
/** A comparison of cost 16 takes seconds. */
const highestCost = 15;
const newCost = 11;

const hashPattern = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const userPattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

/** Whether a user may be called this: what stands in a log line, a token and `user:hash` without doubt. */
export function isUserName(name: string): boolean {
  return userPattern.test(name);
}

/** A hash of a password for an htpasswd file, with the prefix that Apache's tools write. */
export async function hashPassword(password: string): Promise<string> {
  return (await hash(password, newCost)).replace(/^\$2[ab]\$/, "$2y$$");
}

/** What is wrong with a password, undefined where nothing is. */
export function passwordProblem(password: string): string | undefined {
  if (password === "") return "is empty";
  if (Buffer.byteLength(password) > passwordBytes) return `is longer than ${passwordBytes} bytes`;
  return password.includes("\0") ? "has a zero byte" : undefined;
}

/** Reads `user:hash` lines, bcrypt only; `#` begins a comment. Throws `HTPASSWD_INVALID`, which names the line and never the hash. */
export function parseHtpasswd(text: string, file: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const user = line.slice(0, Math.max(colon, 0));
    const hash = line.slice(colon + 1);
    const where = `line ${at + 1} of ${file}`;
    if (!isUserName(user)) throw invalid(`${where} does not begin with a user's name and a colon`);
    const cost = hashPattern.exec(hash)?.[1];
    if (cost === undefined) throw invalid(`the password of ${user} in ${where} is not hashed with bcrypt`);
    if (Number(cost) < 4 || Number(cost) > highestCost)
      throw invalid(`the password of ${user} in ${where} has cost ${cost}, which is not 4 to ${highestCost}`);
    if (users.has(user)) throw invalid(`${where} names ${user} a second time`);
    users.set(user, hash);
  }
  return users;
}

/**
 * Users of an htpasswd file, which is read again when it changes; while it cannot be read, the users stay as they were and
 * `warn` hears of it. Throws `HTPASSWD_INVALID` where it cannot be read at first.
 */
export async function openHtpasswd(
  file: string,
  warn: (sentence: string) => void,
  comparer: Comparer = makeComparer(),
): Promise<Users> {
  let seen = await fingerprint(file);
  let users = await read(file);
  let dummy = dummyFor(users);
  let looked = Date.now();
  const secret = randomBytes(32);
  /** Keys of right logins, the oldest first, and when they are forgotten. */
  const right = new Map<string, number>();
  const running = new Map<string, Promise<boolean>>();

  const refresh = async (): Promise<void> => {
    if (Date.now() - looked < lookAgain) return;
    looked = Date.now();
    try {
      const now = await fingerprint(file);
      if (now === seen) return;
      users = await read(file);
      dummy = dummyFor(users);
      seen = now;
    } catch (error) {
      warn(`${messageOf(error)}; the users stay as they were`);
    }
  };
  const keyOf = (user: string, password: string, hash: string): string =>
    createHmac("sha256", secret)
      .update(JSON.stringify([user, password, hash]))
      .digest("base64");
  const remembered = (key: string): boolean => {
    const until = right.get(key);
    if (until !== undefined && until <= Date.now()) right.delete(key);
    return until !== undefined && until > Date.now();
  };
  const work = async (key: string, password: string, hash: string): Promise<boolean> => {
    const matches = await comparer.compare(password, hash);
    if (matches && hash !== dummy) {
      const oldest = right.keys().next();
      if (right.size >= memories && oldest.done !== true) right.delete(oldest.value);
      right.set(key, Date.now() + memory);
    }
    return matches && hash !== dummy;
  };

  return {
    async verify(user, password) {
      if (passwordProblem(password) !== undefined) return false;
      await refresh();
      const hash = users.get(user) ?? dummy;
      const key = keyOf(user, password, hash);
      if (remembered(key)) return true;
      // A client that sends twenty requests at once is compared once.
      const same = running.get(key);
      if (same !== undefined) return same;
      if (comparer.pending >= queue) throw new DdiffError("LOGINS_BUSY", "too many logins at once");
      const comparison = work(key, password, hash);
      running.set(key, comparison);
      try {
        return await comparison;
      } finally {
        running.delete(key);
      }
    },
    remembers(user, password) {
      const hash = users.get(user);
      return hash !== undefined && remembered(keyOf(user, password, hash));
    },
    async markOf(user) {
      await refresh();
      return users.get(user);
    },
    close: () => comparer.close(),
  };
}

async function fingerprint(file: string): Promise<string> {
  try {
    const info = await stat(file, { bigint: true });
    return [info.ino, info.size, info.mtimeNs, info.ctimeNs].join();
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function read(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return parseHtpasswd(text, file);
}

/** A hash of nothing anyone knows, as costly as the costliest: so that the time tells nobody whether a user is there. */
function dummyFor(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => hashPattern.exec(hash)?.[1] ?? "10");
  const text = randomBytes(40).toString("hex").slice(0, 52);
  return `$2b$${costs.sort().at(-1) ?? "10"}$${text}.`;
}

function unreadable(file: string, cause: unknown): DdiffError {
  return new DdiffError("HTPASSWD_INVALID", `the file of passwords cannot be read: ${messageOf(cause)}`, {
    hint: `Make ${file} with "ddiff server htpasswd USER >> ${file}".`,
    cause,
  });
}

function invalid(sentence: string): DdiffError {
  return new DdiffError("HTPASSWD_INVALID", sentence, {
    hint: 'Make lines with "ddiff server htpasswd USER" or "htpasswd -nB USER".',
  });
}
