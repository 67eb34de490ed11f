import type { Action } from "./access.ts";

/** What a token gives (distribution's token specification, "access"). */
export interface Grant {
  type: "repository" | "registry";
  /** A repository's name; `catalog` for a registry. */
  name: string;
  actions: string[];
}

const actionNames: readonly string[] = ["pull", "push", "delete"] satisfies Action[];
/** A repository's name, distribution-spec "Pulling manifests". */
const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const nameLength = 255;
/** More than any client asks for at once; a push that mounts from several repositories names each. */
const scopeLimit = 100;

/**
 * Reads what clients ask for in `scope`, several in one value or in several: `repository:app:pull,push`, `registry:catalog:*`.
 * What is not understood is left out: the token then does not give it. One grant for each repository, in the order of asking.
 */
export function parseScopes(values: readonly string[]): Grant[] {
  const grants = new Map<string, Grant>();
  const words = values.flatMap((value) => value.split(" ")).filter((word) => word !== "");
  for (const word of words.slice(0, scopeLimit)) {
    const match = /^([a-z]+):([^:]*):([a-z*,]*)$/.exec(word);
    const [, type, name = "", list = ""] = match ?? [];
    const asked = list.split(",");
    if (type === "registry" && name === "catalog" && asked.includes("*")) {
      grants.set(word, { type, name, actions: ["*"] });
    } else if (type === "repository" && name.length <= nameLength && namePattern.test(name)) {
      const grant = grants.get(name) ?? { type, name, actions: [] };
      const wanted = actionNames.filter(
        (action) => asked.includes("*") || asked.includes(action) || grant.actions.includes(action),
      );
      grants.set(name, { ...grant, actions: wanted });
    }
  }
  return [...grants.values()];
}

/** Whether grants, as they came in a token, give this. */
export function grantsAllow(grants: readonly Grant[], action: Action | "list", repository: string): boolean {
  return grants.some((grant) =>
    action === "list"
      ? grant.type === "registry" && grant.name === "catalog" && grant.actions.includes("*")
      : grant.type === "repository" && grant.name === repository && grant.actions.includes(action),
  );
}

/** What to ask for to be allowed this, as a challenge names it; undefined where a login alone is asked for. */
export function scopeFor(action: Action | "list", repository: string | undefined): string | undefined {
  if (action === "list") return "registry:catalog:*";
  if (repository === undefined || !namePattern.test(repository)) return undefined;
  const actions = { pull: "pull", push: "pull,push", delete: "delete" }[action];
  return `repository:${repository}:${actions}`;
}
