import { transform } from "esbuild";
import { joinPage } from "../src/inspect/reports/html/join-page.ts";

/** The script and style of the page of `ddiff analyze`, small, as the built program has them in itself (page-source.ts). */
export async function smallPage(): Promise<string> {
  const { script, style } = joinPage();
  const [js, css] = await Promise.all([
    // The module stays one: its names are nobody else's.
    transform(script, { loader: "js", format: "esm", minify: true, target: "es2022", legalComments: "none" }),
    transform(style, { loader: "css", minify: true, legalComments: "none" }),
  ]);
  // A text in JSON: as an object it would become part of every file of the build.
  return JSON.stringify(JSON.stringify({ script: js.code, style: css.code }));
}
