import { buildBadImages } from "./bad-images.ts";

await buildBadImages(process.argv.slice(2));
