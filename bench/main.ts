/**
 * `npm run bench -- [--only a,e] [--peers ddiff,zstd] [--cached]`: pairs of images; `npm run bench -- server [--rounds N]`: the
 * registry; `npm run bench -- lint`: the linter; `npm run bench -- attribution [IMAGE ...]`: whose the
 * files of an image are; `npm run bench -- analyze`: its time beside dive; `npm run bench -- sharing`: what slim images of a team have in common. Measures, prints the tables, keeps them in docs/.
 */
const [first, ...rest] = process.argv.slice(2);
if (first === "server") await (await import("./server/main.ts")).benchServers(rest);
else if (first === "attribution") await (await import("./inspect/attribution.ts")).benchAttribution(rest);
else if (first === "analyze") await (await import("./shrink/speed.ts")).benchAnalyze();
else if (first === "sharing") await (await import("./shrink/sharing.ts")).benchSharing();
else if (first === "lint") await (await import("./lint/main.ts")).benchLint(rest);
else await (await import("./bench-pairs.ts")).benchPairs(process.argv.slice(2));
