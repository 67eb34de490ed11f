import type { Call, Outcome } from "../command.ts";
import { registryName, withTag } from "../names.ts";
import { transfer } from "../transfer.ts";
import { usageError } from "../usage.ts";

/** Pushes a base to a registry, and a delta from each of `bases` for those who have that one. `to` undefined: the registry at DDIFF_URL. */
export async function publishBase(
  call: Call,
  image: string | undefined,
  to: string | undefined,
  bases: readonly string[],
): Promise<Outcome> {
  if (image === undefined) throw usageError("base publish needs an IMAGE", "base");
  return transfer(
    [{ from: image, to: (name) => to ?? registryName(withTag(name), call.env) }],
    {
      platforms: [],
      jobs: undefined,
      command: "base",
      verb: "published",
      moved: "sent",
      deltaFrom: bases,
    },
    await call.context(),
  );
}
