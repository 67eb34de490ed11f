import type { Action } from "./access.ts";
import { globMatches } from "./globs.ts";

/** Who may do what, where. A caller may do what any rule allows; no rule takes away what another gives. */
export interface Rule {
  /** Globs: `team-a/**`, `*`. */
  repositories: readonly string[];
  /** Names of users; `*` for everyone who is known. */
  users: readonly string[];
  groups: readonly string[];
  /** Whether it holds for callers without credentials too. */
  anonymous: boolean;
  actions: readonly Action[];
}

/** Tags that stay where they were put, whoever asks. */
interface ImmutableTags {
  repositories: readonly string[];
  /** Globs: `v*`, `*`. */
  tags: readonly string[];
}

export interface Rules {
  rules: readonly Rule[];
  /** Members by group. */
  groups: Readonly<Record<string, readonly string[]>>;
  immutable: readonly ImmutableTags[];
}

/** Whether a caller (undefined for one without credentials) may do this. */
export function rulesAllow(
  rules: Rules,
  user: string | undefined,
  action: Action,
  repository: string,
): boolean {
  return rules.rules.some(
    (rule) =>
      rule.actions.includes(action) &&
      holdsFor(rule, rules, user) &&
      rule.repositories.some((pattern) => globMatches(pattern, repository)),
  );
}

/** Whether a caller may pull anything at all, so that a list of repositories is of use. */
export function rulesAllowAny(rules: Rules, user: string | undefined): boolean {
  return rules.rules.some((rule) => rule.actions.includes("pull") && holdsFor(rule, rules, user));
}

/** Whether a tag stays where it was put. */
export function isImmutable(rules: Rules, repository: string, tag: string): boolean {
  return rules.immutable.some(
    (one) =>
      one.repositories.some((pattern) => globMatches(pattern, repository)) &&
      one.tags.some((pattern) => globMatches(pattern, tag)),
  );
}

function holdsFor(rule: Rule, rules: Rules, user: string | undefined): boolean {
  if (rule.anonymous) return true;
  if (user === undefined) return false;
  if (rule.users.includes("*") || rule.users.includes(user)) return true;
  return rule.groups.some((name) => Object.hasOwn(rules.groups, name) && rules.groups[name]?.includes(user));
}
