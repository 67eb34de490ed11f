/**
 * `npm run bench -- [--only a,e] [--peers ddiff,zstd] [--cached]`: pairs of images; `npm run bench -- server [--rounds N]`: the
 * registry; `npm run bench -- lint`: the linter; `npm run bench -- attribution [IMAGE ...]`: whose the
 * files of an image are; `npm run bench -- waste`: what is planted in images that are bad on purpose. Measures, prints the tables, keeps them in docs/.
 */
const [first, ...rest] = process.argv.slice(2);
if (first === "server") await (await import("./server/main.ts")).benchServers(rest);
else if (first === "attribution") await (await import("./inspect/attribution.ts")).benchAttribution(rest);
else if (first === "waste") await (await import("./inspect/waste.ts")).benchWaste();
else if (first === "lint") await (await import("./lint/main.ts")).benchLint(rest);
else await (await import("./bench-pairs.ts")).benchPairs(process.argv.slice(2));
