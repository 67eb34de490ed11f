import { mediaTypes } from "../../oci/media-types.ts";
import { checkDigest, demand, type Exchange, refuseMethod } from "../exchange.ts";
import { listReferrers } from "../referrers.ts";
import { sendJson } from "../respond.ts";
import { nextLink } from "./paging.ts";

/**
 * `/v2/<name>/referrers/<digest>` (distribution-spec, "Listing Referrers"): 200 also where there are none, so that clients know
 * that they need not keep a list of their own. Lists of old clients under the referrers tag need no merging: what they name was
 * pushed here, and is listed by its own `subject`.
 */
export async function answerReferrers(
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") refuseMethod(exchange, "GET, HEAD");
  demand(exchange, "pull", repository);
  const subject = checkDigest(reference);
  const artifactType = exchange.query.get("artifactType") ?? "";
  const page = await listReferrers(exchange.registry.repositories, repository, subject, {
    after: exchange.query.get("last") ?? undefined,
    ...(artifactType === "" ? {} : { artifactType }),
  });
  sendJson(
    exchange,
    200,
    {
      "Content-Type": mediaTypes.ociIndex,
      ...(artifactType === "" ? {} : { "OCI-Filters-Applied": "artifactType" }),
      ...(page.next === undefined
        ? {}
        : nextLink(exchange, `/v2/${repository}/referrers/${subject}`, page.next)),
    },
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page.referrers },
  );
}
