import { buildPairs } from "./pairs.ts";

await buildPairs(process.argv.slice(2));
