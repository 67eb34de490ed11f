import type { CacheInfo } from "../../store/cache.ts";
import { formatBytes } from "../../util/bytes.ts";
import { defineCommand } from "../command.ts";

export const cache = defineCommand({
  name: "cache",
  summary: "show or clear what is known of layers that were read before",
  usage: ["cache [show]", "cache clear"],
  description: [
    "To compare with a base, ddiff reads each of its layers once and keeps its recipe: the list of its files with their hashes. The next diff against the same base starts from there. Recipes hold no file's content.",
    "To analyze an image, ddiff reads each of its layers once and keeps its inventory: its files with owners and times, and the records of package managers. The next analysis of any image with that layer starts from there.",
    "Both are in $DDIFF_CACHE_DIR, else in ddiff under $XDG_CACHE_HOME or ~/.cache. Clearing them costs nothing but time.",
  ],
  arguments: [{ name: "ACTION", choices: ["show", "clear"], help: "show (when not said) or clear" }],
  options: {},
  examples: [
    { text: "How large it is", command: "ddiff cache" },
    { text: "Throw it away", command: "ddiff cache clear" },
  ],
  async run(call) {
    const { cacheDir, cacheInfo, clearCache } = await import("../../store/cache.ts");
    const dir = cacheDir(call.env);
    if (call.args[0] === "clear") {
      const cleared = await clearCache(dir);
      return {
        json: cleared,
        summary: [`${dir}: ${counts(cleared)} removed, ${formatBytes(cleared.bytes)} free`],
      };
    }
    const info = await cacheInfo(dir);
    return { json: info, answer: `${dir}: ${counts(info)}, ${formatBytes(info.bytes)}` };
  },
});

function counts({ recipes, inventories }: CacheInfo): string {
  return `${plural(recipes, "recipe", "recipes")}, ${plural(inventories, "inventory", "inventories")}`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
