import { type Exchange, refusal, refuseMethod } from "../exchange.ts";
import { listRepositories } from "../repositories.ts";
import { sendJson } from "../respond.ts";
import { nextLink, pagingOf } from "./paging.ts";

/** Names that are looked at for one answer, where most of them are not the caller's to see. */
const mostLooked = 10_000;
const step = 1000;

/** `/v2/_catalog`, with only those repositories that the caller may pull. Costs what it answers, or looks at. */
export async function answerCatalog(exchange: Exchange): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") refuseMethod(exchange, "GET, HEAD");
  const { caller, registry } = exchange;
  if (!caller.mayList) throw refusal(exchange, "list", undefined);
  const { after, limit } = pagingOf(exchange.query);
  const names: string[] = [];
  let last = after;
  let more = limit > 0;
  let looked = 0;
  while (more && names.length < limit && looked < mostLooked) {
    const page = await listRepositories(registry.repositories, last, Math.min(limit, step));
    looked += page.names.length;
    more = page.more;
    for (const name of page.names) {
      if (names.length === limit) {
        more = true;
        break;
      }
      last = name;
      if (caller.mayFind?.(name) ?? caller.may("pull", name)) names.push(name);
    }
  }
  const link = more && last !== undefined ? nextLink(exchange, "/v2/_catalog", last) : {};
  sendJson(exchange, 200, link, { repositories: names });
}
