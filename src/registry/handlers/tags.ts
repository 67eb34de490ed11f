import { RegistryError } from "../errors.ts";
import { demand, type Exchange, refuseMethod } from "../exchange.ts";
import { hasRepository, listTags } from "../repositories.ts";
import { sendJson } from "../respond.ts";
import { nextLink, pagingOf } from "./paging.ts";

/** `/v2/<name>/tags/list` (distribution-spec, "Listing Tags"). Costs what it answers, however many tags there are. */
export async function answerTags(exchange: Exchange, repository: string): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") refuseMethod(exchange, "GET, HEAD");
  demand(exchange, "pull", repository);
  const { repositories } = exchange.registry;
  const { after, limit } = pagingOf(exchange.query);
  const page =
    limit === 0 ? { names: [], more: false } : await listTags(repositories, repository, after, limit);
  const last = page.names.at(-1);
  if (last === undefined && !(await hasRepository(repositories, repository))) {
    throw new RegistryError("NAME_UNKNOWN", `there is no repository ${repository}`);
  }
  const link = page.more && last !== undefined ? nextLink(exchange, `/v2/${repository}/tags/list`, last) : {};
  sendJson(exchange, 200, link, { name: repository, tags: page.names });
}
