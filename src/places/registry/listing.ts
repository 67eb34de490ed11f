import { parseJson } from "../../oci/json.ts";
import { DdiffError } from "../../util/errors.ts";
import { type Call, type Connection, scopeOf } from "./connection.ts";
import { pages } from "./paging.ts";

/** More names than a terminal or a person can take. */
const nameLimit = 1_000_000;
const perPage = 1000;

/** All tags of a repository, sorted. Throws `IMAGE_MISSING` where there is no such repository. */
export async function tagsOf(connection: Connection, repository: string): Promise<string[]> {
  return readNames(connection, "tags", {
    method: "GET",
    target: `${repository}/tags/list?n=${perPage}`,
    repository,
    scopes: [scopeOf(repository, "pull")],
    what: `repository ${repository}`,
    missing: "image",
    accept: [200],
  });
}

/** All repositories of a registry, sorted. Throws `REGISTRY_UNSUPPORTED` where it does not list them. */
export async function repositoriesOf(connection: Connection): Promise<string[]> {
  const call: Call = {
    method: "GET",
    target: `_catalog?n=${perPage}`,
    repository: "",
    scopes: ["registry:catalog:*"],
    what: "its list of repositories",
    accept: [200],
  };
  try {
    return await readNames(connection, "repositories", call);
  } catch (error) {
    const refused = error instanceof DdiffError && /^(REGISTRY_REFUSED|AUTH_)/.test(error.code);
    if (!refused || connection.domain !== "docker.io") throw error;
    throw new DdiffError("REGISTRY_UNSUPPORTED", "Docker Hub does not list its repositories", {
      hint: "Name a repository to see its tags: ddiff list docker://docker.io/library/debian",
      cause: error,
    });
  }
}

async function readNames(connection: Connection, member: string, call: Call): Promise<string[]> {
  const names = new Set<string>();
  for await (const { bytes } of pages(connection, call)) {
    const what = `The list of ${call.what}`;
    const value = parseJson(bytes, what, { maxBytes: bytes.length, maxDepth: 8 });
    // Go writes `null` for a list that is empty.
    const list = (value as Record<string, unknown> | null)?.[member] ?? [];
    if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) {
      throw new DdiffError("REGISTRY_MISBEHAVES", `${connection.domain} answered no list for ${call.what}`);
    }
    // Names go to the terminal and into requests: what no registry may contain is left out.
    for (const name of list) if (/^[\w.\-/]{1,512}$/.test(name)) names.add(name);
    if (names.size > nameLimit) {
      throw new DdiffError("TOO_LARGE", `${connection.domain} lists more than ${nameLimit} names`);
    }
  }
  return [...names].sort();
}
